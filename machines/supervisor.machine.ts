import { assign, setup } from 'xstate'

export type SupervisorEvent =
  | { type: 'child.failed'; reason: string }
  | { type: 'child.recovered' }
  | { type: 'backoff.passed' }
  | { type: 'child.stop' }
  | { type: 'child.stopped' }

export interface SupervisorContext {
  readonly attempts: number
  readonly attemptsMax: number
  readonly lastError: string | undefined
}

/** Keeps one child alive: restarts it after a growing pause, and gives up, saying so, after `attemptsMax` in a row. */
export const supervisorMachine = setup({
  types: {
    context: {} as SupervisorContext,
    events: {} as SupervisorEvent,
    input: {} as { attemptsMax: number }
  },
  guards: {
    hasAttemptsLeft: ({ context }) => context.attempts + 1 < context.attemptsMax
  },
  actions: {
    startChild: () => {},
    stopChild: () => {},
    scheduleRestart: () => {},
    escalate: () => {},
    noteFailure: assign(({ context, event }) => ({
      ...context,
      attempts: context.attempts + 1,
      lastError: event.type === 'child.failed' ? event.reason : context.lastError
    })),
    clearFailures: assign({ attempts: 0 })
  }
}).createMachine({
  id: 'supervisor',
  context: ({ input }) => ({ attempts: 0, attemptsMax: input.attemptsMax, lastError: undefined }),
  initial: 'running',
  states: {
    running: {
      entry: 'startChild',
      on: {
        'child.failed': [
          { guard: 'hasAttemptsLeft', target: 'backingOff', actions: 'noteFailure' },
          { target: 'halted', actions: 'noteFailure' }
        ],
        'child.recovered': { actions: 'clearFailures' },
        'child.stop': 'stopping'
      }
    },
    backingOff: {
      entry: 'scheduleRestart',
      on: { 'backoff.passed': 'running', 'child.stop': 'stopped' }
    },
    halted: {
      entry: 'escalate',
      on: { 'child.stop': 'stopped' }
    },
    stopping: {
      entry: 'stopChild',
      on: { 'child.stopped': 'stopped', 'child.failed': 'stopped' }
    },
    stopped: { type: 'final' }
  }
})
