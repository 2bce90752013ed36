import { assign, setup } from 'xstate'

export type ShardEvent =
  | { type: 'shard.opened' }
  | { type: 'replica.caughtUp' }
  | { type: 'apply.stopped'; offset: string; code: string; reason: string; isRetryable: boolean }
  | { type: 'apply.resumed' }
  | { type: 'retry.due' }
  | { type: 'shard.stop' }
  | { type: 'shard.closed' }

export interface ShardContext {
  readonly shard: number
  readonly stoppedAtOffset: string | undefined
  readonly stopCode: string | undefined
  readonly stopReason: string | undefined
}

/**
 * The native shard of one replica: `loading` → `recovering` → `running`. It stops with its reason when
 * apply cannot go on (`stoppedOnError`) and tries again by itself while the cause may go away.
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
    noteStop: assign(({ event }) =>
      event.type === 'apply.stopped'
        ? { stoppedAtOffset: event.offset, stopCode: event.code, stopReason: event.reason }
        : {}
    ),
    clearStop: assign({ stoppedAtOffset: undefined, stopCode: undefined, stopReason: undefined })
  }
}).createMachine({
  id: 'shard',
  context: ({ input }) => ({
    shard: input.shard,
    stoppedAtOffset: undefined,
    stopCode: undefined,
    stopReason: undefined
  }),
  initial: 'loading',
  on: { 'shard.stop': '.closing' },
  states: {
    loading: {
      entry: 'openShard',
      on: { 'shard.opened': 'recovering' }
    },
    recovering: {
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
            'apply.stopped': { target: '#shard.stoppedOnError', reenter: true }
          }
        },
        halted: { entry: 'reportHalted' }
      }
    },
    closing: {
      entry: 'closeShard',
      on: { 'shard.stop': {}, 'shard.closed': 'closed' }
    },
    closed: { type: 'final', entry: 'publishStatus' }
  }
})
