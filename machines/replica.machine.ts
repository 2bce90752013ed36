import { assign, setup } from 'xstate'

export type ReplicaEvent =
  | { type: 'shard.ready'; nextOffset: string }
  | { type: 'load.failed'; code: string; reason: string; isRetryable: boolean }
  | { type: 'records.applied'; nextOffset: string; endOffset: string; lagRecords: number }
  | { type: 'log.failed'; code: string; reason: string; isRetryable: boolean }
  | { type: 'retry.due' }
  | { type: 'replica.stop' }

export interface ReplicaContext {
  readonly shard: number
  readonly nextOffset: string
  readonly endOffset: string
  readonly lagRecords: number
  readonly lastError: string | undefined
}

/**
 * Follows one partition of the log: `initializing` → `recovering` (the newest checkpoint is being loaded) →
 * `replaying` → `active`. It is `dead` when log and checkpoints can no longer give it what it needs.
 */
export const replicaMachine = setup({
  types: {
    context: {} as ReplicaContext,
    events: {} as ReplicaEvent,
    input: {} as { shard: number }
  },
  guards: {
    hasCaughtUp: ({ event }) => event.type === 'records.applied' && event.lagRecords === 0,
    mayGoAway: ({ event }) =>
      (event.type === 'log.failed' || event.type === 'load.failed') && event.isRetryable
  },
  actions: {
    loadShard: () => {},
    startFollowing: () => {},
    reportCaughtUp: () => {},
    reportDead: () => {},
    scheduleRetry: () => {},
    stopFollowing: () => {},
    noteProgress: assign(({ context, event }) => {
      if (event.type === 'shard.ready') return { ...context, nextOffset: event.nextOffset }
      if (event.type !== 'records.applied') return context
      const { nextOffset, endOffset, lagRecords } = event
      return { ...context, nextOffset, endOffset, lagRecords, lastError: undefined }
    }),
    noteFailure: assign(({ context, event }) => ({
      ...context,
      lastError:
        event.type === 'log.failed' || event.type === 'load.failed'
          ? `${event.code}: ${event.reason}`
          : context.lastError
    }))
  }
}).createMachine({
  id: 'replica',
  context: ({ input }) => ({
    shard: input.shard,
    nextOffset: '0',
    endOffset: '0',
    lagRecords: 0,
    lastError: undefined
  }),
  initial: 'initializing',
  on: { 'replica.stop': '.stopped' },
  states: {
    initializing: {
      always: 'recovering'
    },
    recovering: {
      initial: 'loading',
      states: {
        loading: {
          entry: 'loadShard',
          on: {
            'shard.ready': { target: '#replica.replaying', actions: 'noteProgress' },
            'load.failed': [
              { guard: 'mayGoAway', target: 'waiting', actions: 'noteFailure' },
              { target: '#replica.dead', actions: 'noteFailure' }
            ]
          }
        },
        waiting: { entry: 'scheduleRetry', on: { 'retry.due': 'loading' } }
      }
    },
    replaying: {
      entry: 'startFollowing',
      on: {
        'records.applied': [
          { guard: 'hasCaughtUp', target: 'active', actions: 'noteProgress' },
          { actions: 'noteProgress' }
        ],
        'log.failed': [
          { guard: 'mayGoAway', target: 'waiting', actions: 'noteFailure' },
          { target: 'dead', actions: 'noteFailure' }
        ]
      }
    },
    active: {
      entry: 'reportCaughtUp',
      on: {
        'records.applied': { actions: 'noteProgress' },
        'log.failed': [
          { guard: 'mayGoAway', target: 'waiting', actions: 'noteFailure' },
          { target: 'dead', actions: 'noteFailure' }
        ]
      }
    },
    waiting: {
      entry: 'scheduleRetry',
      on: { 'retry.due': 'replaying' }
    },
    dead: { entry: 'reportDead' },
    stopped: { type: 'final', entry: 'stopFollowing' }
  }
})
