/**
 * The one table of failures. A status is always derived from the kind, never chosen where an error
 * is thrown. Codes are for ever: retire them, never rename or reuse one.
 *
 * `native` numbers are the values of `Errc` in `native/core/include/millrace/errc.generated.h`,
 * which `npm run generate` writes from this file.
 */
import type { FailureKindName } from './kinds.ts'

export interface ErrorSpec {
  readonly kind: FailureKindName
  /** Trying the same request again later may succeed. */
  readonly retryable: boolean
  /** `{name}` is replaced by the detail of that name. */
  readonly message: string
  /** The value of this failure in the native engine, when it can be born there. */
  readonly native?: number
}

export const errorSpecs = {
  // Requests
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
  },

  // Apply and search, born in the native engine
  MILLRACE_VECTOR_DIMENSION_MISMATCH: {
    kind: 'badInput',
    retryable: false,
    message: 'Vector dimension error: expected dim: {expected}, got {actual}',
    native: 1
  },
  MILLRACE_VECTOR_NAME_UNKNOWN: {
    kind: 'badInput',
    retryable: false,
    message: 'Not existing vector name error: {name}',
    native: 2
  },
  MILLRACE_VECTOR_MULTI_MISMATCH: {
    kind: 'badInput',
    retryable: false,
    message: 'Conversion between multi and regular vectors failed'
  },
  MILLRACE_VECTOR_NAME_TAKEN: {
    kind: 'badInput',
    retryable: false,
    message: '{kind} `{name}` already exists {as}'
  },
  MILLRACE_VECTOR_NAME_LIMIT: {
    kind: 'badInput',
    retryable: false,
    message: 'a collection can have {limit} vectors, and collection `{collection}` has as many'
  },
  MILLRACE_SCHEMA_CHANGED: {
    kind: 'unavailable',
    retryable: true,
    message: 'schema changed: vector slot {slot} is not part of schema version {schemaVersion}',
    native: 3
  },
  MILLRACE_SCHEMA_MISSING: {
    kind: 'unavailable',
    retryable: true,
    message: 'shard {shard} has no schema yet',
    native: 4
  },
  MILLRACE_RECORD_DUPLICATE: {
    kind: 'internal',
    retryable: false,
    message: 'record {sequence} of producer {producer} was applied before',
    native: 5
  },
  MILLRACE_SOURCE_APPLIED: {
    kind: 'internal',
    retryable: false,
    message:
      'positions from {first} of partition {partition} of topic {topic} were applied before: the shard is at {position}',
    native: 21
  },
  MILLRACE_SOURCE_GAP: {
    kind: 'internal',
    retryable: true,
    message:
      'positions {position} to {first} of partition {partition} of topic {topic} have not come yet',
    native: 22
  },
  MILLRACE_WRITER_FENCED: {
    kind: 'unavailable',
    retryable: true,
    message: 'writer epoch {epoch} is older than {newest}',
    native: 6
  },
  MILLRACE_VECTOR_KIND_MISMATCH: {
    kind: 'badInput',
    retryable: false,
    message: 'Conversion between sparse and regular vectors failed',
    native: 31
  },
  MILLRACE_VECTOR_NOT_FINITE: {
    kind: 'badInput',
    retryable: false,
    message: 'Vector has a component that is not a finite number',
    native: 7
  },
  MILLRACE_OUT_OF_MEMORY: {
    kind: 'quotaReached',
    retryable: true,
    message: 'the engine could not allocate {bytes} bytes',
    native: 8
  },
  MILLRACE_RECORD_CORRUPT: {
    kind: 'internal',
    retryable: false,
    message: 'the record at offset {offset} is damaged: {reason}',
    native: 9
  },
  MILLRACE_RECORD_FORMAT_NEWER: {
    kind: 'internal',
    retryable: false,
    message:
      'the record at offset {offset} is of a newer format ({reason}); start a newer version of millrace',
    native: 10
  },
  MILLRACE_DEADLINE_PASSED: {
    kind: 'timeout',
    retryable: true,
    message: "Timeout error: Operation '{operation}' timed out after {seconds}s",
    native: 11
  },
  MILLRACE_CANCELLED: {
    kind: 'unavailable',
    retryable: true,
    message: 'the request was cancelled',
    native: 12
  },
  MILLRACE_ARGUMENT_INVALID: {
    kind: 'internal',
    retryable: false,
    message: 'native argument error: {reason}',
    native: 13
  },
  MILLRACE_SHARD_CLOSED: {
    kind: 'unavailable',
    retryable: true,
    message: 'shard {shard} is closed',
    native: 14
  },
  MILLRACE_ENGINE_BUSY: {
    kind: 'rateLimited',
    retryable: true,
    message: '{jobs} jobs are waiting for the engine already; try again',
    native: 15
  },
  MILLRACE_PAYLOAD_TOO_LARGE: {
    kind: 'badInput',
    retryable: false,
    message: 'the payload of point {id} would take {bytes} bytes, over the limit of {limit} bytes',
    native: 18
  },
  MILLRACE_PAYLOAD_TOO_DEEP: {
    kind: 'badInput',
    retryable: false,
    message: 'the payload would be nested deeper than {limit} levels',
    native: 19
  },

  MILLRACE_CHECKPOINT_CORRUPT: {
    kind: 'internal',
    retryable: false,
    message: 'the checkpoint is damaged: {file}, at byte {position}: {reason}',
    native: 20
  },
  MILLRACE_GRAPH_CORRUPT: {
    kind: 'internal',
    retryable: false,
    message: 'the graph file is damaged: {file}, at byte {position}: {reason}',
    native: 23
  },

  // Shards and nodes
  MILLRACE_SHARD_RECOVERING: {
    kind: 'unavailable',
    retryable: true,
    message: 'shard {shard} is {lagRecords} records behind'
  },
  MILLRACE_SHARD_STOPPED: {
    kind: 'unavailable',
    retryable: true,
    message: 'shard {shard} stopped at offset {offset}: {reason}'
  },
  MILLRACE_NODE_DRAINING: {
    kind: 'unavailable',
    retryable: true,
    message: 'the node is stopping'
  },
  MILLRACE_ACTOR_HALTED: {
    kind: 'internal',
    retryable: false,
    message: '{actor} gave up after {attempts} attempts: {reason}'
  },
  MILLRACE_MAILBOX_FULL: {
    kind: 'internal',
    retryable: true,
    message: '{actor} has {limit} events waiting (mailboxEventsMax): one was lost'
  },
  MILLRACE_SHARD_NOT_FOUND: {
    kind: 'notFound',
    retryable: false,
    message: "Shard {shard} of collection `{collection}` doesn't exist!"
  },
  MILLRACE_REBUILD_RUNNING: {
    kind: 'alreadyExists',
    retryable: true,
    message: 'shard {shard} is being rebuilt already; GET /millrace/replicas shows how far it is'
  },
  MILLRACE_REBUILD_FAILED: {
    kind: 'unavailable',
    retryable: true,
    message: 'the rebuild of shard {shard} did not come to its end: {reason}'
  },
  MILLRACE_OPTIMIZATION_FAILED: {
    kind: 'unavailable',
    retryable: true,
    message: 'the optimization of shard {shard} did not come to its end: {reason}'
  },
  MILLRACE_TRANSFER_FAILED: {
    kind: 'unavailable',
    retryable: true,
    message: 'the state of shard {shard} did not come from another node: {reason}'
  },
  MILLRACE_INTERNAL: { kind: 'internal', retryable: false, message: '{reason}' },

  // The log
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
  },

  // Ingests
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
  },

  // Checkpoints
  MILLRACE_CHECKPOINT_FORMAT_NEWER: {
    kind: 'internal',
    retryable: false,
    message: '{file} is of format version {found}; this version reads up to {supported}'
  },
  MILLRACE_CHECKPOINT_FAILED: {
    kind: 'unavailable',
    retryable: true,
    message: 'no checkpoint can be written to {file}: {reason}'
  },
  MILLRACE_CHECKPOINT_MISSING: {
    kind: 'internal',
    retryable: false,
    message:
      'the log begins at offset {start}, and no whole checkpoint in {folder} reaches it: {reason}'
  },

  // The disk
  MILLRACE_DISK_LOW: {
    kind: 'quotaReached',
    retryable: true,
    message:
      'the disk of {folder} has {freeBytes} bytes free, below the configured minimum of {minFreeBytes} bytes. Help: Free some space (e.g. drop collections or remove other files), or lower `storage.minFreeBytes`; writes then go on by themselves.'
  },

  // Memory
  MILLRACE_MEMORY_LOW: {
    kind: 'quotaReached',
    retryable: true,
    message:
      'the process uses {usedBytes} bytes of memory, with what is still to be indexed, and its budget is {budgetBytes} bytes. Help: Drop collections or delete points, or raise `memory.budgetBytes`; writes then go on by themselves. GET /millrace/memory shows what uses how much.'
  },

  // Start
  MILLRACE_DATA_LOCKED: {
    kind: 'internal',
    retryable: false,
    message: 'the data folder {folder} is in use by {holder}'
  },
  MILLRACE_DATA_UNUSABLE: {
    kind: 'internal',
    retryable: false,
    message: 'the data folder {folder} cannot be used: {reason}'
  },
  MILLRACE_DATA_OTHER_LOG: {
    kind: 'internal',
    retryable: false,
    message:
      'the data folder {folder} holds states of another log ({found}, not {wanted}): use an empty folder, and they are replayed'
  },
  MILLRACE_DATA_FORMAT_NEWER: {
    kind: 'internal',
    retryable: false,
    message:
      'the data folder {folder} is of format version {found}; this version reads up to {supported}; start a newer version of millrace'
  },
  MILLRACE_PORT_IN_USE: {
    kind: 'internal',
    retryable: false,
    message: '{host}:{port} is in use by another program; choose another with --port'
  },
  MILLRACE_CONFIG_INVALID: { kind: 'internal', retryable: false, message: '{reason}' }
} as const satisfies Record<`MILLRACE_${string}`, ErrorSpec>

export type ErrorCode = keyof typeof errorSpecs
