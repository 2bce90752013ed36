import { assign, setup } from 'xstate'

export type IngestEvent =
  | { type: 'source.opened' }
  | { type: 'source.failed'; code: string; reason: string; isRetryable: boolean }
  | { type: 'flows.throttled' }
  | { type: 'flows.released' }
  | { type: 'flush.applied' }
  | { type: 'retry.due' }
  | { type: 'ingest.pause' }
  | { type: 'ingest.resume' }
  | { type: 'ingest.stop' }

export interface IngestContext {
  readonly isPaused: boolean
  /** Failures since something was applied last. */
  readonly attempts: number
  readonly lastError: string | undefined
}

/**
 * Reads topics of users into a collection: `connecting` (positions of the shards, then the source) → `running`, where it is
 * `throttled` while the shards are slower than the source. What may go away is tried again; `failed` is what somebody must look
 * at: the topic was created anew, or has lost messages that were not read.
 */
export const ingestMachine = setup({
  types: {
    context: {} as IngestContext,
    events: {} as IngestEvent,
    input: {} as { isPaused: boolean }
  },
  guards: {
    startsPaused: ({ context }) => context.isPaused,
    mayGoAway: ({ event }) => event.type === 'source.failed' && event.isRetryable
  },
  actions: {
    openSource: () => {},
    closeSource: () => {},
    scheduleRetry: () => {},
    cancelRetry: () => {},
    reportFailed: () => {},
    noteProgress: assign(({ context }) => ({ ...context, attempts: 0, lastError: undefined })),
    noteFailure: assign(({ context, event }) => {
      if (event.type !== 'source.failed') return context
      const lastError = `${event.code}: ${event.reason}`
      return { ...context, attempts: context.attempts + 1, lastError }
    }),
    forgetFailures: assign(({ context }) => ({ ...context, attempts: 0, lastError: undefined }))
  }
}).createMachine({
  id: 'ingest',
  context: ({ input }) => ({ isPaused: input.isPaused, attempts: 0, lastError: undefined }),
  initial: 'initializing',
  on: { 'ingest.stop': '.stopped' },
  states: {
    initializing: { always: [{ guard: 'startsPaused', target: 'paused' }, 'connecting'] },
    connecting: {
      entry: 'openSource',
      on: {
        'source.opened': 'running',
        'source.failed': [
          { guard: 'mayGoAway', target: 'waiting', actions: 'noteFailure' },
          { target: 'failed', actions: 'noteFailure' }
        ],
        'ingest.pause': 'paused'
      }
    },
    running: {
      initial: 'flowing',
      states: {
        flowing: { on: { 'flows.throttled': 'throttled' } },
        throttled: { on: { 'flows.released': 'flowing' } }
      },
      on: {
        'flush.applied': { actions: 'noteProgress' },
        'source.failed': [
          { guard: 'mayGoAway', target: 'waiting', actions: 'noteFailure' },
          { target: 'failed', actions: 'noteFailure' }
        ],
        'ingest.pause': 'paused'
      }
    },
    waiting: {
      entry: ['closeSource', 'scheduleRetry'],
      exit: 'cancelRetry',
      on: { 'retry.due': 'connecting', 'ingest.pause': 'paused' }
    },
    failed: {
      entry: ['closeSource', 'reportFailed'],
      on: {
        'ingest.resume': { target: 'connecting', actions: 'forgetFailures' },
        'ingest.pause': 'paused'
      }
    },
    paused: {
      entry: 'closeSource',
      on: { 'ingest.resume': { target: 'connecting', actions: 'forgetFailures' } }
    },
    stopped: { type: 'final', entry: 'closeSource' }
  }
})
