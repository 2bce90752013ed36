import { assign, setup } from 'xstate'

export type TransferEvent =
  | { type: 'peer.chosen'; peer: string }
  | { type: 'snapshot.taken'; nextOffset: string; points: number }
  | { type: 'chunk.received'; bytes: number }
  | { type: 'state.loaded' }
  | { type: 'replica.caughtUp' }
  | { type: 'effect.failed'; reason: string }
  | { type: 'retry.due' }
  | { type: 'transfer.abort'; reason: string }

export interface TransferContext {
  readonly shard: number
  readonly attemptsMax: number
  /** The node that gives the state. */
  readonly peer: string | undefined
  /** Offset of its snapshot. */
  readonly nextOffset: string | undefined
  readonly points: number
  readonly bytes: number
  /** Failures since the beginning. */
  readonly attempts: number
  readonly lastError: string | undefined
}

/**
 * Brings the state of a shard from another node, for a replica that the log no longer reaches back for: `proposed` (who has it?)
 * → `snapshotting` → `streaming` → `catchingUp` (the log's end is replayed from the snapshot's offset on) → `done`. What fails
 * before the state is whole is tried again, from another node when there is one, and `aborted` after `attemptsMax` failures.
 */
export const transferMachine = setup({
  types: {
    context: {} as TransferContext,
    events: {} as TransferEvent,
    input: {} as { shard: number; attemptsMax: number }
  },
  guards: {
    hasAttemptsLeft: ({ context }) => context.attempts + 1 < context.attemptsMax
  },
  actions: {
    askPeers: () => {},
    takeSnapshot: () => {},
    receiveState: () => {},
    handOver: () => {},
    discardState: () => {},
    scheduleRetry: () => {},
    cancelRetry: () => {},
    reportAborted: () => {},
    notePeer: assign(({ event }) => (event.type === 'peer.chosen' ? { peer: event.peer } : {})),
    noteSnapshot: assign(({ event }) =>
      event.type === 'snapshot.taken'
        ? { nextOffset: event.nextOffset, points: event.points, bytes: 0 }
        : {}
    ),
    noteChunk: assign(({ context, event }) =>
      event.type === 'chunk.received' ? { bytes: context.bytes + event.bytes } : {}
    ),
    noteFailure: assign(({ context, event }) =>
      'reason' in event ? { attempts: context.attempts + 1, lastError: event.reason } : {}
    )
  }
}).createMachine({
  id: 'transfer',
  context: ({ input }) => ({
    ...input,
    peer: undefined,
    nextOffset: undefined,
    points: 0,
    bytes: 0,
    attempts: 0,
    lastError: undefined
  }),
  initial: 'receiving',
  states: {
    receiving: {
      initial: 'proposed',
      on: {
        'effect.failed': [
          { guard: 'hasAttemptsLeft', target: 'waiting', actions: 'noteFailure' },
          { target: 'aborted', actions: 'noteFailure' }
        ],
        'transfer.abort': { target: 'aborted', actions: 'noteFailure' }
      },
      states: {
        proposed: {
          entry: 'askPeers',
          on: { 'peer.chosen': { target: 'snapshotting', actions: 'notePeer' } }
        },
        snapshotting: {
          entry: 'takeSnapshot',
          on: { 'snapshot.taken': { target: 'streaming', actions: 'noteSnapshot' } }
        },
        streaming: {
          entry: 'receiveState',
          on: {
            'chunk.received': { actions: 'noteChunk' },
            'state.loaded': '#transfer.catchingUp'
          }
        }
      }
    },
    waiting: {
      entry: ['discardState', 'scheduleRetry'],
      exit: 'cancelRetry',
      on: {
        'retry.due': 'receiving',
        'transfer.abort': { target: 'aborted', actions: 'noteFailure' }
      }
    },
    catchingUp: {
      entry: 'handOver',
      on: {
        'replica.caughtUp': 'done',
        // The state is the replica's by now, which goes on or ends by its own rules.
        'transfer.abort': { target: 'aborted', actions: 'noteFailure' }
      }
    },
    done: { type: 'final' },
    aborted: { type: 'final', entry: ['discardState', 'reportAborted'] }
  }
})
