/** Born in the native engine, when it applies a record or searches. */
import type { ErrorTable } from './error-spec.ts'

export const engineErrors = {
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
  MILLRACE_SCRATCH_FULL: {
    kind: 'quotaReached',
    retryable: true,
    message:
      'the data folder could not give {bytes} more bytes to vectors that are kept on the disk: {reason}. Help: Free some space; what waits then goes on by itself.',
    native: 24
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
  }
} as const satisfies ErrorTable
