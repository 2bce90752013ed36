import { assign, setup } from 'xstate'

export type SegmentEvent =
  | { type: 'state.completed' }
  | { type: 'segment.swapIn' }
  | { type: 'segment.installed' }
  | { type: 'successor.begun' }
  | { type: 'successor.ended' }
  | { type: 'segment.replaced' }
  | { type: 'segment.discard'; reason: string }
  | { type: 'segment.close' }

export interface SegmentContext {
  /** What it was built for. */
  readonly purpose: string
  readonly reason: string | undefined
}

/**
 * One native segment of a shard: `building` (a checkpoint, the log or another segment is read into it) → `ready` (whole) →
 * `loading` (it takes the place of the one that answers, at one offset) → `loaded` (readers find it, and while a successor is
 * built beside it, it is `optimizing`) → `deleted`. Only what is whole is swapped in; what answers is given up when its
 * successor has its place, or the shard is closed, and not before.
 */
export const segmentMachine = setup({
  types: {
    context: {} as SegmentContext,
    events: {} as SegmentEvent,
    input: {} as { purpose: string }
  },
  actions: {
    closeShard: () => {},
    noteReason: assign(({ event }) => ('reason' in event ? { reason: event.reason } : {}))
  }
}).createMachine({
  id: 'segment',
  context: ({ input }) => ({ purpose: input.purpose, reason: undefined }),
  initial: 'unloaded',
  states: {
    unloaded: {
      initial: 'building',
      on: {
        'segment.discard': { target: 'deleted', actions: ['noteReason', 'closeShard'] }
      },
      states: {
        building: { on: { 'state.completed': 'ready' } },
        ready: { on: { 'segment.swapIn': 'loading' } },
        loading: { on: { 'segment.installed': '#segment.loaded' } }
      }
    },
    loaded: {
      initial: 'serving',
      on: {
        'segment.replaced': 'deleted',
        'segment.close': { target: 'deleted', actions: 'closeShard' }
      },
      states: {
        serving: { on: { 'successor.begun': 'optimizing' } },
        optimizing: { on: { 'successor.ended': 'serving' } }
      }
    },
    deleted: { type: 'final' }
  }
})
