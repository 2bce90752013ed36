/** Of shards and nodes, and what keeps them from serving. */
import type { ErrorTable } from './error-spec.ts'

export const nodeErrors = {
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
  MILLRACE_INTERNAL: { kind: 'internal', retryable: false, message: '{reason}' }
} as const satisfies ErrorTable
