/** Of ingests. */
import type { ErrorTable } from './error-spec.ts'

export const ingestErrors = {
  MILLRACE_INGEST_NOT_FOUND: {
    kind: 'notFound',
    retryable: false,
    message: "Ingest `{ingest}` doesn't exist!"
  },
  MILLRACE_INGEST_EXISTS: {
    kind: 'alreadyExists',
    retryable: false,
    message:
      'ingest `{ingest}` writes into collection `{collection}`; delete it before one of this name may write into another'
  },
  MILLRACE_INGEST_LIMIT: {
    kind: 'badInput',
    retryable: false,
    message: 'there are {limit} ingests, and no more are allowed (limits.ingests)'
  },
  MILLRACE_INGEST_INVALID: { kind: 'badRequest', retryable: false, message: '{reason}' },
  MILLRACE_EMBEDDING_UNKNOWN: {
    kind: 'badInput',
    retryable: false,
    message: 'no embedding `{embedding}` is configured'
  },
  MILLRACE_SOURCE_UNAVAILABLE: {
    kind: 'unavailable',
    retryable: true,
    message: 'the source cannot be read: {reason}'
  },
  MILLRACE_SOURCE_TOPIC_MISSING: {
    kind: 'unavailable',
    retryable: true,
    message: 'topic {topic} does not exist at {brokers}'
  },
  MILLRACE_SOURCE_RECREATED: {
    kind: 'internal',
    retryable: false,
    message:
      'partition {partition} of topic {topic} ends at {end}, before position {position} that was applied already: the topic was deleted and created again; reset the ingest to read it anew'
  },
  MILLRACE_SOURCE_TRIMMED: {
    kind: 'internal',
    retryable: false,
    message:
      'partition {partition} of topic {topic} begins at {start}, behind position {position} that is to be read next: messages were deleted before they were read; reset the ingest to go on without them'
  }
} as const satisfies ErrorTable
