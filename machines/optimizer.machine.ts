import { assign, setup } from 'xstate'

/** What is to be done with a segment, and why. */
export interface PlannedWork {
  readonly kind: 'vacuum' | 'reindex'
  readonly reason: string
}

export type OptimizerEvent =
  | { type: 'check.due' }
  | { type: 'plan.made'; plan: PlannedWork }
  | { type: 'plan.absent' }
  | { type: 'plan.withdrawn'; reason: string }
  | { type: 'budget.granted' }
  | { type: 'rows.copied' }
  | { type: 'tail.replayed' }
  | { type: 'graph.grown' }
  | { type: 'segment.swapped' }
  | { type: 'effect.failed'; reason: string }
  | { type: 'build.ended' }
  | { type: 'retry.due' }
  | { type: 'optimizer.stop' }

export interface OptimizerContext {
  readonly shard: number
  /** What is being done, or waits for its turn. */
  readonly plan: PlannedWork | undefined
  /** Failures in a row. */
  readonly attempts: number
  readonly lastError: string | undefined
  /** Why the newest plan was given up, when it was. */
  readonly withdrawnBy: string | undefined
}

/**
 * Makes the segment of one shard better while it answers: `idle` → `planning` → `waiting` for its share of the budget →
 * `building` a successor (its rows are copied, the log's tail is replayed, its graph grows) → `swapping` → `idle`. A newer plan
 * cancels one that builds, and not one that swaps, which takes no longer than a batch of records; what failed is tried again
 * after a pause.
 */
export const optimizerMachine = setup({
  types: {
    context: {} as OptimizerContext,
    events: {} as OptimizerEvent,
    input: {} as { shard: number }
  },
  actions: {
    scheduleCheck: () => {},
    cancelCheck: () => {},
    makePlan: () => {},
    requestBudget: () => {},
    releaseBudget: () => {},
    copyRows: () => {},
    replayTail: () => {},
    growGraph: () => {},
    swapSegments: () => {},
    reportDone: () => {},
    reportFailed: () => {},
    abortBuild: () => {},
    scheduleRetry: () => {},
    cancelRetry: () => {},
    notePlan: assign(({ event }) => (event.type === 'plan.made' ? { plan: event.plan } : {})),
    forgetPlan: assign({ plan: undefined }),
    noteDone: assign({ attempts: 0, lastError: undefined, withdrawnBy: undefined }),
    noteWithdrawn: assign(({ event }) =>
      event.type === 'plan.withdrawn' ? { withdrawnBy: event.reason } : {}
    ),
    noteFailure: assign(({ context, event }) =>
      event.type === 'effect.failed'
        ? { attempts: context.attempts + 1, lastError: event.reason }
        : {}
    )
  }
}).createMachine({
  id: 'optimizer',
  context: ({ input }) => ({
    shard: input.shard,
    plan: undefined,
    attempts: 0,
    lastError: undefined,
    withdrawnBy: undefined
  }),
  initial: 'idle',
  on: { 'optimizer.stop': '.stopped' },
  states: {
    idle: {
      entry: 'scheduleCheck',
      exit: 'cancelCheck',
      on: { 'check.due': 'planning', 'plan.withdrawn': 'planning' }
    },
    planning: {
      entry: ['releaseBudget', 'forgetPlan', 'makePlan'],
      on: {
        'plan.made': { target: 'waiting', actions: 'notePlan' },
        'plan.absent': { target: 'idle', actions: 'noteDone' }
      }
    },
    waiting: {
      entry: 'requestBudget',
      on: {
        'budget.granted': 'building',
        'plan.withdrawn': { target: 'planning', actions: 'noteWithdrawn' }
      }
    },
    building: {
      initial: 'copying',
      on: {
        'plan.withdrawn': { target: 'cancelling', actions: 'noteWithdrawn' },
        'effect.failed': { target: 'backingOff', actions: 'noteFailure' }
      },
      states: {
        copying: { entry: 'copyRows', on: { 'rows.copied': 'replaying' } },
        replaying: { entry: 'replayTail', on: { 'tail.replayed': 'growing' } },
        growing: { entry: 'growGraph', on: { 'graph.grown': '#optimizer.swapping' } }
      }
    },
    swapping: {
      entry: 'swapSegments',
      on: {
        'segment.swapped': {
          target: 'idle',
          actions: ['noteDone', 'reportDone', 'releaseBudget', 'forgetPlan']
        },
        'effect.failed': { target: 'backingOff', actions: 'noteFailure' }
      }
    },
    cancelling: {
      entry: 'abortBuild',
      on: { 'build.ended': 'planning' }
    },
    backingOff: {
      entry: ['reportFailed', 'abortBuild', 'releaseBudget', 'scheduleRetry'],
      exit: 'cancelRetry',
      on: { 'retry.due': 'planning', 'plan.withdrawn': 'planning' }
    },
    stopped: { type: 'final', entry: ['abortBuild', 'releaseBudget'] }
  }
})
