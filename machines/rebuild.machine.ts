import { assign, setup } from 'xstate'

export type RebuildEvent =
  | { type: 'state.loaded'; from: string }
  | { type: 'records.applied'; nextOffset: string; recordsReplayed: number; lagRecords: number }
  | { type: 'live.approached' }
  | { type: 'shards.swapped'; isEqual: boolean }
  | { type: 'effect.failed'; reason: string }
  | { type: 'rebuild.cancel'; reason: string }

export interface RebuildContext {
  readonly shard: number
  /** Offset of the state that it began with; undefined until it is loaded. */
  readonly from: string | undefined
  readonly nextOffset: string
  readonly recordsReplayed: number
  readonly lagRecords: number
  readonly isEqual: boolean | undefined
  readonly reason: string | undefined
}

/**
 * Builds a second native shard beside the one that serves: `loading` → `replaying` → `swapping` → `done`. It can be
 * cancelled until it swaps, which takes no longer than one batch of records.
 */
export const rebuildMachine = setup({
  types: {
    context: {} as RebuildContext,
    events: {} as RebuildEvent,
    input: {} as { shard: number }
  },
  actions: {
    loadState: () => {},
    replayLog: () => {},
    swapShards: () => {},
    reportDone: () => {},
    discardShard: () => {},
    noteStart: assign(({ event }) => (event.type === 'state.loaded' ? { from: event.from } : {})),
    noteProgress: assign(({ event }) => {
      if (event.type !== 'records.applied') return {}
      const { nextOffset, recordsReplayed, lagRecords } = event
      return { nextOffset, recordsReplayed, lagRecords }
    }),
    noteOutcome: assign(({ event }) =>
      event.type === 'shards.swapped' ? { isEqual: event.isEqual, lagRecords: 0 } : {}
    ),
    noteReason: assign(({ event }) => ('reason' in event ? { reason: event.reason } : {}))
  }
}).createMachine({
  id: 'rebuild',
  context: ({ input }) => ({
    shard: input.shard,
    from: undefined,
    nextOffset: '0',
    recordsReplayed: 0,
    lagRecords: 0,
    isEqual: undefined,
    reason: undefined
  }),
  initial: 'building',
  states: {
    building: {
      initial: 'loading',
      on: {
        'records.applied': { actions: 'noteProgress' },
        'rebuild.cancel': { target: 'cancelled', actions: 'noteReason' },
        'effect.failed': { target: 'failed', actions: 'noteReason' }
      },
      states: {
        loading: {
          entry: 'loadState',
          on: { 'state.loaded': { target: 'replaying', actions: 'noteStart' } }
        },
        replaying: {
          entry: 'replayLog',
          on: { 'live.approached': '#rebuild.swapping' }
        }
      }
    },
    swapping: {
      entry: 'swapShards',
      on: {
        'records.applied': { actions: 'noteProgress' },
        'shards.swapped': { target: 'done', actions: 'noteOutcome' },
        'effect.failed': { target: 'failed', actions: 'noteReason' }
      }
    },
    done: { type: 'final', entry: 'reportDone' },
    failed: { type: 'final', entry: 'discardShard' },
    cancelled: { type: 'final', entry: 'discardShard' }
  }
})
