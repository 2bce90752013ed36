import { EngineError, isEngineError } from '../../src/errors/index.ts'

/** What is read of an error of kafkajs, whose classes do not leave this folder. */
interface KafkajsError {
  readonly name?: string
  readonly message?: string
  /** Of an answer: the protocol's name of the error. */
  readonly type?: string
  /** Of the socket. */
  readonly code?: string | number
  readonly broker?: string
  readonly cause?: unknown
  /** Of a request about several topics. */
  readonly errors?: readonly unknown[]
  /** Of a request about several partitions. */
  readonly partitions?: readonly { readonly error?: unknown }[]
}

/** What to do about a failed request. */
export interface Failure {
  /** The protocol's name of the error, when a broker answered with one. */
  readonly type: string | undefined
  /** Sending the same request again may help. */
  readonly isRetryable: boolean
  /** Kafka does not know the producer of a batch any more. */
  readonly endsSession: boolean
  /** Whether the request may have taken effect though it failed. */
  readonly mayHaveHappened: boolean
  /** The broker that did not answer in time. */
  readonly silentBroker: string | undefined
  readonly reason: string
}

/** Answers that repeating the request does not change. */
const finalTypes = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_REQUIRED_ACKS',
  'INVALID_RECORD',
  'INVALID_CONFIG',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_REQUEST',
  'POLICY_VIOLATION',
  'TOPIC_ALREADY_EXISTS',
  'OFFSET_OUT_OF_RANGE',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT'
])

const sessionTypes = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING'
])

/** Answers to an append after which the leader holds the records. */
const keptTypes = new Set([
  'REQUEST_TIMED_OUT',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'DUPLICATE_SEQUENCE_NUMBER',
  'NETWORK_EXCEPTION',
  'UNKNOWN'
])

export function failureOf(cause: unknown): Failure {
  const error = innermost(cause)
  const { name = '', message = String(cause), type, code, broker } = error
  const isAuthentication =
    name.includes('SASL') || name === 'KafkaJSUnsupportedMagicByteInMessageSet'
  const isNotSent =
    code === 'ECONNREFUSED' ||
    message.includes('Not connected') ||
    name === 'KafkaJSBrokerNotFound' ||
    name === 'KafkaJSLockTimeout'
  return {
    type,
    isRetryable: !isAuthentication && !(type !== undefined && finalTypes.has(type)),
    endsSession: type !== undefined && sessionTypes.has(type),
    mayHaveHappened: type === undefined ? !isNotSent && !isAuthentication : keptTypes.has(type),
    silentBroker: name === 'KafkaJSRequestTimeoutError' ? broker : undefined,
    reason: type === undefined ? message : `${type}: ${message}`
  }
}

/** kafkajs wraps what it has given up on, and what failed for one of several. */
function innermost(cause: unknown): KafkajsError {
  const error = (typeof cause === 'object' && cause !== null ? cause : {}) as KafkajsError
  const isWrapper = error.name === 'KafkaJSNumberOfRetriesExceeded'
  const inner = error.errors?.[0] ?? error.partitions?.[0]?.error ?? (isWrapper && error.cause)
  return inner ? innermost(inner) : error
}

/** The error that callers of the log see when a request has failed for good. */
export function errorOf(cause: unknown, topic: string, partition: number): EngineError {
  if (isEngineError(cause)) return cause
  const { isRetryable, reason } = failureOf(cause)
  return new EngineError(
    isRetryable ? 'MILLRACE_LOG_UNREACHABLE' : 'MILLRACE_LOG_REFUSED',
    { topic, partition, reason },
    { cause }
  )
}
