import { createActor } from 'xstate'
import { type OptimizerContext, optimizerMachine } from '../machines/index.ts'
import type { OptimizerFacts } from '../src/domain/optimization.ts'
import type { OptimizerSettings } from '../src/domain/optimizer-settings.ts'
import { EngineError, toEngineError } from '../src/errors/index.ts'
import type { Log } from '../streams/index.ts'
import type { ActorReport } from './actor-report.ts'
import { backoffMs, type Clock } from './clock.ts'
import { effects } from './effects.ts'
import type { ActorLogger } from './logger.ts'
import { mailboxOf } from './mailbox.ts'
import { planOf, type SegmentFacts, successorBytes } from './optimization-plan.ts'
import { OptimizationRuns } from './optimization-runs.ts'
import { ReplayProgress } from './replay-progress.ts'
import { SegmentBuild } from './segment-build.ts'
import type { Segments } from './segments.ts'
import { stateText } from './state-text.ts'
import type { Turns } from './turns.ts'

export interface Optimizer {
  /** The settings may have changed, or something else has begun to work on the segment: a plan that builds is made anew. */
  reconsider(reason: string): void
  /** Whether the log must keep what a segment that is being built has yet to read. */
  isBuilding(): boolean
  describe(): OptimizerFacts
  report(): ActorReport
  /** Resolves when nothing of it goes on. */
  stop(): Promise<void>
}

export interface OptimizerOptions {
  readonly log: Log
  readonly topic: string
  readonly shard: number
  readonly segments: Segments
  readonly applyTurns: Turns
  /** So many segments of the node are built at once. */
  readonly budget: Turns
  readonly settings: () => OptimizerSettings
  /** Bytes of the vectors of each slot, if each of `rows` has one. */
  readonly vectorBytes: (slot: number, rows: number) => number
  /** Why a segment of so many bytes cannot be built beside the one that answers; undefined: it can. */
  readonly shortage: (memoryBytes: number, diskBytes: number) => EngineError | undefined
  /** Whether the shard is there to be worked on: it has caught up, and nothing else builds a successor. */
  readonly mayWork: () => boolean
  readonly clock: Clock
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly logger: ActorLogger
  /** The machine cannot go on, which is a bug. */
  readonly onBroken: (error: Error) => void
}

const checkEveryMs = 1_000
/** A shard that is written to all the time is worked on for a fifth of the time at most. */
const restFactor = 4
const retryFirstMs = 1_000

/** Plans what would make the segment of one shard better, and builds its successor while it answers. */
export function startOptimizer(options: OptimizerOptions): Optimizer {
  const { shard, segments, clock, logger } = options
  const runs = new OptimizationRuns(options.now)
  const indexing = new ReplayProgress(clock.nowMs())
  let indexed = segments.served().engine.state().indexedVectors
  let cancelTimer = () => {}
  let build: SegmentBuild | undefined
  let working: Promise<void> = Promise.resolve()
  let leaveBudget: (() => void) | undefined
  let isQueued = false

  /** Runs a part of the build; its outcome comes back to the machine as one event. */
  const work = (
    phase: string,
    part: (build: SegmentBuild) => Promise<void>,
    fact: 'rows.copied' | 'tail.replayed' | 'graph.grown' | 'segment.swapped'
  ) => {
    const current = build
    if (current === undefined) return
    runs.begin(phase, 0)
    working = part(current).then(
      () => send({ type: fact }),
      (cause: unknown) => {
        if (!current.isAborted())
          send({ type: 'effect.failed', reason: toEngineError(cause).message })
      }
    )
  }

  const machine = createActor(
    optimizerMachine.provide({
      actions: effects({
        scheduleCheck: () => {
          const isUrgent = hindrance() === undefined && planNow()?.kind === 'reindex'
          const delayMs = isUrgent ? 0 : Math.max(checkEveryMs, restFactor * runs.lastMs())
          cancelTimer = clock.after(delayMs, () => {
            noteIndexing()
            send({ type: 'check.due' })
          })
        },
        cancelCheck: () => cancelTimer(),
        makePlan: () => {
          const plan = hindrance() === undefined ? planNow() : undefined
          if (plan === undefined) return send({ type: 'plan.absent' })
          runs.plan(plan, Number(segments.served().engine.state().points))
          send({ type: 'plan.made', plan })
        },
        requestBudget: () => {
          if (isQueued) return
          isQueued = true
          options.budget.enter().then((leave) => {
            isQueued = false
            if (machine.getSnapshot().value !== 'waiting') return leave()
            leaveBudget = leave
            send({ type: 'budget.granted' })
          })
        },
        releaseBudget: () => {
          const leave = leaveBudget
          leaveBudget = undefined
          // What was aborted may still be busy.
          if (leave !== undefined) working.finally(leave)
        },
        copyRows: ({ context }: { context: OptimizerContext }) => {
          const { plan } = context
          if (plan === undefined) return
          logger.info({ ...plan }, 'a better segment is being built')
          build = new SegmentBuild({
            ...options,
            purpose: plan.kind,
            onProgress: runs.progress.bind(runs)
          })
          work('copying', (current) => current.copyRows(), 'rows.copied')
        },
        replayTail: () => work('replaying', (current) => current.replayTail(), 'tail.replayed'),
        growGraph: () => work('growing', (current) => current.growGraph(), 'graph.grown'),
        swapSegments: () => work('swapping', (current) => current.swap(), 'segment.swapped'),
        reportDone: ({ context }: { context: OptimizerContext }) => {
          build = undefined
          runs.end('done', null)
          const { rows, points, memoryBytes } = segments.served().engine.state()
          logger.info(
            { ...context.plan, rows, points, memoryBytes },
            'a better segment was swapped in'
          )
        },
        reportFailed: ({ context }: { context: OptimizerContext }) => {
          const { lastError: reason = 'unknown' } = context
          runs.end('failed', reason)
          const err = new EngineError('MILLRACE_OPTIMIZATION_FAILED', { shard, reason })
          logger.warn({ err }, 'the segment goes on as it is')
        },
        abortBuild: ({ context }: { context: OptimizerContext }) => {
          const { withdrawnBy = 'the shard is being stopped' } = context
          const aborted = build
          build = undefined
          aborted?.abort()
          working = working.finally(() => {
            aborted?.discard(context.lastError ?? withdrawnBy)
            runs.end('cancelled', withdrawnBy)
            send({ type: 'build.ended' })
          })
        },
        scheduleRetry: ({ context }: { context: OptimizerContext }) => {
          cancelTimer = clock.after(backoffMs(context.attempts, retryFirstMs), () =>
            send({ type: 'retry.due' })
          )
        },
        cancelRetry: () => cancelTimer()
      })
    }),
    { input: { shard } }
  )
  const send = mailboxOf(machine, {
    actor: `optimizer ${options.topic}/${shard}`,
    onBroken: options.onBroken
  })

  function planNow() {
    return options.mayWork() ? planOf(factsNow(), options.settings()) : undefined
  }

  function factsNow(): SegmentFacts {
    const { engine, indexes } = segments.served()
    const { rows, points, memoryBytes } = engine.state()
    const vectorBytes = (slot: number) => options.vectorBytes(slot, rows)
    return { rows, points: Number(points), memoryBytes, vectorBytes, indexes }
  }

  /** The setting that allows no segment to be built now. */
  function hindrance(): string | undefined {
    if (!options.settings().mayBuild) return 'max_optimization_threads'
    const { memory, disk } = successorBytes(factsNow(), options.settings().indexes)
    const shortage = options.shortage(memory, disk)
    if (shortage === undefined) return undefined
    return shortage.code === 'MILLRACE_DISK_LOW' ? 'storage.minFreeBytes' : 'memory.budgetBytes'
  }

  /** What the setting that allows no segment to be built forbids as well. */
  function pausedGrowth(waitingVectors: number) {
    if (!options.settings().growth.isPaused || waitingVectors === 0) return undefined
    return { kind: 'index', reason: `${waitingVectors} vectors are in no graph` }
  }

  function noteIndexing(): void {
    const now = segments.served().engine.state().indexedVectors
    indexing.note(Math.max(0, now - indexed), clock.nowMs())
    indexed = now
  }

  machine.start()

  return {
    reconsider: (reason) => send({ type: 'plan.withdrawn', reason }),
    isBuilding: () => build !== undefined,
    describe() {
      const { value, context } = machine.getSnapshot()
      const { rows, waitingVectors, indexedVectors } = segments.served().engine.state()
      const by = hindrance()
      const plan = by === undefined ? undefined : (planNow() ?? pausedGrowth(waitingVectors))
      noteIndexing()
      const rate = indexing.rate(waitingVectors, clock.nowMs())
      return {
        state: stateText(value),
        forbidden: plan === undefined || by === undefined ? null : { ...plan, by },
        ...runs.describe(),
        lastError: context.lastError ?? null,
        rows,
        waitingVectors,
        indexedVectors,
        indexEtaMs: waitingVectors === 0 ? 0 : rate.etaMs
      }
    },
    report() {
      const { value, context } = machine.getSnapshot()
      const phase = runs.describe().current?.phases.at(-1)
      return {
        kind: 'optimizer',
        name: `${options.topic}/${shard}`,
        state: stateText(value),
        ...(phase !== undefined && { progress: `${phase.done}` }),
        lastError: context.lastError ?? null,
        isBusy: build !== undefined,
        isHalted: false
      }
    },
    async stop() {
      send({ type: 'optimizer.stop' })
      // Its effects run after the transition.
      await new Promise<void>((resolve) => queueMicrotask(resolve))
      await working
    }
  }
}
