import { assign, setup } from 'xstate'

export type NodeEvent =
  | { type: 'metadata.replayed' }
  | { type: 'shards.caughtUp' }
  | { type: 'log.lost'; reason: string }
  | { type: 'log.reached' }
  | { type: 'actor.halted'; actor: string; reason: string }
  | { type: 'node.drain' }
  | { type: 'node.stop' }
  | { type: 'actors.stopped' }

export interface NodeContext {
  /** Whether every shard has caught up with the log once since the start. */
  readonly hasJoined: boolean
  /** Why the log cannot be reached; undefined while it can. */
  readonly isolatedBy: string | undefined
  /** Actors that gave up since the start. */
  readonly haltedCount: number
  readonly lastError: string | undefined
}

/**
 * The life of a node: `starting` (the metadata log is replayed) → `joining` (its shards come up) → `serving` →
 * `draining` (no new writes) → `stopping` → `stopped`. It is `isolated` while it cannot reach the log: reads go on from
 * what it has, and it takes its place again by itself.
 */
export const nodeMachine = setup({
  types: { context: {} as NodeContext, events: {} as NodeEvent },
  guards: { hasJoined: ({ context }) => context.hasJoined },
  actions: {
    watchLog: () => {},
    announceServing: () => {},
    announceIsolated: () => {},
    announceReached: () => {},
    refuseWrites: () => {},
    stopActors: () => {},
    stopWatching: () => {},
    noteJoined: assign({ hasJoined: true }),
    noteLost: assign(({ event }) =>
      event.type === 'log.lost' ? { isolatedBy: event.reason, lastError: event.reason } : {}
    ),
    clearLost: assign({ isolatedBy: undefined }),
    noteHalted: assign(({ context, event }) =>
      event.type === 'actor.halted'
        ? { haltedCount: context.haltedCount + 1, lastError: event.reason }
        : {}
    )
  }
}).createMachine({
  id: 'node',
  context: {
    hasJoined: false,
    isolatedBy: undefined,
    haltedCount: 0,
    lastError: undefined
  },
  initial: 'starting',
  on: { 'actor.halted': { actions: 'noteHalted' } },
  states: {
    starting: {
      on: {
        'metadata.replayed': { target: 'joining', actions: 'watchLog' },
        'node.drain': 'draining',
        'node.stop': 'stopping'
      }
    },
    joining: {
      on: {
        'shards.caughtUp': { target: 'serving', actions: 'noteJoined' },
        'log.lost': { target: 'isolated', actions: 'noteLost' },
        'node.drain': 'draining',
        'node.stop': 'stopping'
      }
    },
    serving: {
      entry: 'announceServing',
      on: {
        'log.lost': { target: 'isolated', actions: 'noteLost' },
        'node.drain': 'draining',
        'node.stop': 'stopping'
      }
    },
    isolated: {
      entry: 'announceIsolated',
      exit: 'clearLost',
      on: {
        // Shards may come up from their checkpoints and what they have read of the log before.
        'shards.caughtUp': { actions: 'noteJoined' },
        'log.reached': [
          { guard: 'hasJoined', target: 'serving', actions: 'announceReached' },
          { target: 'joining', actions: 'announceReached' }
        ],
        'node.drain': 'draining',
        'node.stop': 'stopping'
      }
    },
    draining: {
      entry: 'refuseWrites',
      on: { 'node.stop': 'stopping' }
    },
    stopping: {
      entry: ['refuseWrites', 'stopWatching', 'stopActors'],
      on: { 'actors.stopped': 'stopped' }
    },
    stopped: { type: 'final' }
  }
})
