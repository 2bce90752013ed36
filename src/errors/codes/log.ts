/** Of the log. */
import type { ErrorTable } from './error-spec.ts'

export const logErrors = {
  MILLRACE_LOG_TOPIC_UNKNOWN: {
    kind: 'internal',
    retryable: false,
    message: 'the log has no topic {topic} with partition {partition}'
  },
  MILLRACE_LOG_OFFSET_OUT_OF_RANGE: {
    kind: 'internal',
    retryable: false,
    message: 'offset {offset} of {topic}/{partition} is outside of the log ({start} to {end})'
  },
  MILLRACE_LOG_RECORD_TOO_LARGE: {
    kind: 'badInput',
    retryable: false,
    message: 'a record of {bytes} bytes is over the log’s limit of {limit} bytes'
  },
  MILLRACE_LOG_CORRUPT: {
    kind: 'internal',
    retryable: false,
    message: 'the log is damaged: {file}, at byte {position}, offset {offset}: {reason}'
  },
  MILLRACE_LOG_FAILED: {
    kind: 'unavailable',
    retryable: true,
    message: 'the log cannot write to {file}: {reason}'
  },
  MILLRACE_LOG_FULL: {
    kind: 'quotaReached',
    retryable: true,
    message: 'no space left for {file}: free some space; writes then go on by themselves'
  },
  MILLRACE_LOG_OUTCOME_UNKNOWN: {
    kind: 'unavailable',
    retryable: true,
    message: 'an append to {topic}/{partition} may or may not have been kept: {reason}'
  },
  MILLRACE_LOG_TOPIC_MISMATCH: {
    kind: 'internal',
    retryable: false,
    message: 'topic {topic} cannot have {wanted} partitions; it has {existing}'
  },
  MILLRACE_LOG_OVERLOADED: {
    kind: 'rateLimited',
    retryable: true,
    message: '{bytes} bytes are waiting to be written (log.queueBytes); try again'
  },
  MILLRACE_LOG_UNREACHABLE: {
    kind: 'unavailable',
    retryable: true,
    message: 'Kafka does not serve {topic} at the moment: {reason}'
  },
  MILLRACE_LOG_REFUSED: {
    kind: 'internal',
    retryable: false,
    message: 'Kafka refuses what was asked of {topic}: {reason}'
  },
  MILLRACE_LOG_TOPIC_UNFIT: {
    kind: 'internal',
    retryable: false,
    message: 'topic {topic} of Kafka cannot hold the log: {setting} is {found} and must be {wanted}'
  },
  MILLRACE_LOG_CLOSED: { kind: 'unavailable', retryable: true, message: 'the log is closed' },
  MILLRACE_LOG_FORMAT_NEWER: {
    kind: 'internal',
    retryable: false,
    message: '{file} is of format version {found}; this version reads up to {supported}'
  }
} as const satisfies ErrorTable
