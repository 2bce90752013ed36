/** What is wrong with a request. */
import type { ErrorTable } from './error-spec.ts'

export const requestErrors = {
  MILLRACE_COLLECTION_NOT_FOUND: {
    kind: 'notFound',
    retryable: false,
    message: "Collection `{collection}` doesn't exist!"
  },
  MILLRACE_COLLECTION_EXISTS: {
    kind: 'alreadyExists',
    retryable: false,
    message: 'Collection `{collection}` already exists!'
  },
  MILLRACE_COLLECTION_LIMIT: {
    kind: 'badRequest',
    retryable: false,
    message:
      "Can't create collection with name {collection}. Max collections limit reached: {limit}"
  },
  MILLRACE_COLLECTION_NAMED_LIKE_ALIAS: {
    kind: 'badInput',
    retryable: false,
    message:
      "Can't create collection with name {collection}. Alias with the same name already exists"
  },
  MILLRACE_METADATA_TOO_LARGE: {
    kind: 'badRequest',
    retryable: false,
    message:
      'the metadata of collection {collection} would have {bytes} bytes, over the limit of {limit} (limits.metadataBytes)'
  },
  MILLRACE_ALIAS_NOT_FOUND: {
    kind: 'notFound',
    retryable: false,
    message: 'Alias {alias} does not exists!'
  },
  MILLRACE_ALIAS_LIMIT: {
    kind: 'badRequest',
    retryable: false,
    message: "Can't create alias {alias}. Max aliases limit reached: {limit} (limits.aliases)"
  },
  MILLRACE_STANDALONE_MODE: {
    kind: 'standalone',
    retryable: false,
    message: 'Qdrant is running in standalone mode'
  },
  MILLRACE_POINT_NOT_FOUND: {
    kind: 'notFound',
    retryable: false,
    message: 'Point with id {id} does not exists!',
    native: 17
  },
  MILLRACE_POINT_MISSING: {
    kind: 'notFound',
    retryable: false,
    message: 'No point with id {id} found'
  },
  MILLRACE_POINT_VECTOR_MISSING: {
    kind: 'notFound',
    retryable: false,
    message: 'Vector with name "{name}" for point not found'
  },
  MILLRACE_POINT_ID_INVALID: {
    kind: 'badInput',
    retryable: false,
    message: 'Can not recognize "{id}" as point id'
  },
  MILLRACE_BODY_MALFORMED: {
    kind: 'malformed',
    retryable: false,
    message: 'Format error in JSON body: {reason}'
  },
  MILLRACE_BODY_INVALID: {
    kind: 'invalid',
    retryable: false,
    message: 'Validation error in JSON body: [{reason}]'
  },
  MILLRACE_BODY_TOO_LARGE: {
    kind: 'badInput',
    retryable: false,
    message:
      'payload too large: the body is over {limit} bytes (limits.bodyBytes); split the request or raise the limit'
  },
  MILLRACE_CONTENT_TYPE_INVALID: {
    kind: 'malformed',
    retryable: false,
    message: 'Content type error: {reason}'
  },
  MILLRACE_HTTP_MALFORMED: {
    kind: 'malformed',
    retryable: false,
    message: 'Format error in HTTP request: {reason}'
  },
  MILLRACE_REQUEST_NOT_ARRIVED: {
    kind: 'timeout',
    retryable: true,
    message: 'Timeout error: the request did not arrive in time'
  },
  MILLRACE_QUERY_PARAMETER_MALFORMED: {
    kind: 'malformed',
    retryable: false,
    message: 'Deserialize error in query parameters: {reason}'
  },
  MILLRACE_QUERY_PARAMETER_INVALID: {
    kind: 'invalid',
    retryable: false,
    message: 'Validation error in query parameters: [{reason}]'
  },
  MILLRACE_PATH_PARAMETER_INVALID: {
    kind: 'invalid',
    retryable: false,
    message: 'Validation error in path parameters: [{reason}]'
  },
  MILLRACE_OPTION_UNSUPPORTED: {
    kind: 'badInput',
    retryable: false,
    message: '{option} is not supported by this version: {remedy}'
  },
  MILLRACE_REQUEST_INVALID: { kind: 'badRequest', retryable: false, message: '{reason}' },
  MILLRACE_INPUT_INVALID: { kind: 'badInput', retryable: false, message: '{reason}' },
  MILLRACE_RECORD_TOO_LARGE: {
    kind: 'badInput',
    retryable: false,
    message:
      'one operation needs a record of {bytes} bytes, over the limit of {limit} bytes (limits.recordBytes)'
  },
  MILLRACE_REQUEST_TIMEOUT: {
    kind: 'timeout',
    retryable: true,
    message: "Timeout error: Operation '{operation}' timed out after {seconds}s"
  },
  MILLRACE_TOKEN_INVALID: {
    kind: 'badInput',
    retryable: false,
    message: 'the token in `after` is not a token of this collection: {reason}'
  },
  MILLRACE_TOKEN_NOT_REACHED: {
    kind: 'unavailable',
    retryable: true,
    message:
      'shard {shard} is {lagRecords} records behind the token given in `after`; try again or raise `timeout`'
  },
  MILLRACE_TOO_MANY_REQUESTS: {
    kind: 'rateLimited',
    retryable: true,
    message: '{waiting} requests are waiting already ({limitName}); try again'
  },
  MILLRACE_MESSAGE_TOO_LARGE: {
    kind: 'badRequest',
    retryable: false,
    message:
      'a message of {bytes} bytes is over the limit of {limit} bytes that the NATS server sets (max_payload); ask for less, or raise the limit there'
  },
  MILLRACE_NATS_UNANSWERED: {
    kind: 'unavailable',
    retryable: true,
    message: 'no answer from peer {peer} about shard {shard} over NATS: {reason}'
  }
} as const satisfies ErrorTable
