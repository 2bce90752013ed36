import { assign, setup } from 'xstate'

export type ShardEvent =
  | { type: 'shard.opened' }
  | { type: 'checkpoint.loaded' }
  | { type: 'replica.caughtUp' }
  | { type: 'apply.stopped'; offset: string; code: string; reason: string; isRetryable: boolean }
  | { type: 'apply.resumed' }
  | { type: 'retry.due' }
  | { type: 'checkpoint.requested' }
  | { type: 'checkpoint.captured' }
  | { type: 'checkpoint.skipped' }
  | { type: 'checkpoint.written' }
  | { type: 'checkpoint.failed'; reason: string }
  | { type: 'checkpointRetry.due' }
  | { type: 'shard.stop' }
  | { type: 'shard.closed' }

export interface ShardContext {
  readonly shard: number
  readonly stoppedAtOffset: string | undefined
  readonly stopCode: string | undefined
  readonly stopReason: string | undefined
  /** Failed attempts in a row. */
  readonly checkpointFailures: number
  readonly checkpointError: string | undefined
}

/**
 * The native shard of one replica, in two regions. `serving`: `loading` → `recovering` → `replaying` (the state of a
 * checkpoint is there and the end of the log is missing) → `running`; it stops with its reason when apply cannot
 * go on (`stoppedOnError`) and tries again by itself while the cause may go away. `checkpointing` goes on beside it: a
 * checkpoint is captured between two applies, written beside them, and tried again when that fails.
 */
export const shardMachine = setup({
  types: {
    context: {} as ShardContext,
    events: {} as ShardEvent,
    input: {} as { shard: number }
  },
  guards: { mayGoAway: ({ event }) => event.type === 'apply.stopped' && event.isRetryable },
  actions: {
    openShard: () => {},
    resumeApply: () => {},
    scheduleRetry: () => {},
    publishStatus: () => {},
    reportHalted: () => {},
    closeShard: () => {},
    captureCheckpoint: () => {},
    writeCheckpoint: () => {},
    scheduleCheckpointRetry: () => {},
    noteStop: assign(({ event }) =>
      event.type === 'apply.stopped'
        ? { stoppedAtOffset: event.offset, stopCode: event.code, stopReason: event.reason }
        : {}
    ),
    clearStop: assign({ stoppedAtOffset: undefined, stopCode: undefined, stopReason: undefined }),
    noteCheckpointFailure: assign(({ context, event }) =>
      event.type === 'checkpoint.failed'
        ? { checkpointFailures: context.checkpointFailures + 1, checkpointError: event.reason }
        : {}
    ),
    clearCheckpointFailure: assign({ checkpointFailures: 0, checkpointError: undefined })
  }
}).createMachine({
  id: 'shard',
  type: 'parallel',
  context: ({ input }) => ({
    shard: input.shard,
    stoppedAtOffset: undefined,
    stopCode: undefined,
    stopReason: undefined,
    checkpointFailures: 0,
    checkpointError: undefined
  }),
  on: { 'shard.stop': { target: ['.serving.closing', '.checkpointing.closing'] } },
  states: {
    serving: {
      initial: 'loading',
      states: {
        loading: { entry: 'openShard', on: { 'shard.opened': 'recovering' } },
        recovering: {
          entry: 'publishStatus',
          on: {
            'checkpoint.loaded': 'replaying',
            'replica.caughtUp': 'running',
            'apply.stopped': 'stoppedOnError'
          }
        },
        replaying: {
          entry: 'publishStatus',
          on: { 'replica.caughtUp': 'running', 'apply.stopped': 'stoppedOnError' }
        },
        running: {
          entry: 'publishStatus',
          on: { 'apply.stopped': 'stoppedOnError' }
        },
        stoppedOnError: {
          entry: ['noteStop', 'publishStatus'],
          initial: 'deciding',
          on: { 'apply.resumed': { target: 'recovering', actions: 'clearStop' } },
          states: {
            deciding: { always: [{ guard: 'mayGoAway', target: 'waiting' }, { target: 'halted' }] },
            waiting: {
              entry: 'scheduleRetry',
              on: {
                'retry.due': { actions: 'resumeApply' },
                'apply.stopped': { target: '#shard.serving.stoppedOnError', reenter: true }
              }
            },
            halted: { entry: 'reportHalted' }
          }
        },
        closing: { entry: 'closeShard', on: { 'shard.stop': {}, 'shard.closed': 'closed' } },
        closed: { type: 'final', entry: 'publishStatus' }
      }
    },
    checkpointing: {
      initial: 'idle',
      states: {
        idle: { on: { 'checkpoint.requested': 'capturing' } },
        capturing: {
          entry: 'captureCheckpoint',
          on: {
            'checkpoint.captured': 'writing',
            'checkpoint.skipped': 'idle',
            'checkpoint.failed': { target: 'backingOff', actions: 'noteCheckpointFailure' }
          }
        },
        writing: {
          entry: 'writeCheckpoint',
          on: {
            'checkpoint.written': { target: 'idle', actions: 'clearCheckpointFailure' },
            'checkpoint.failed': { target: 'backingOff', actions: 'noteCheckpointFailure' }
          }
        },
        backingOff: {
          entry: 'scheduleCheckpointRetry',
          on: { 'checkpointRetry.due': 'capturing', 'checkpoint.requested': 'capturing' }
        },
        closing: { on: { 'shard.stop': {}, 'shard.closed': 'closed' } },
        closed: { type: 'final' }
      }
    }
  }
})
