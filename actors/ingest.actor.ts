import { createActor } from 'xstate'
import { type IngestContext, ingestMachine } from '../machines/index.ts'
import type { IngestEntry, IngestReport } from '../src/domain/ingest.ts'
import { toEngineError } from '../src/errors/index.ts'
import { backoffMs } from './clock.ts'
import { effects } from './effects.ts'
import { IngestCounters } from './ingest-counters.ts'
import { type IngestParts, type IngestSession, openSession } from './ingest-session.ts'
import type { ActorLogger } from './logger.ts'

const backoffMsMax = 5_000

export interface IngestActor {
  readonly entry: IngestEntry
  pause(): void
  resume(): void
  describe(): IngestReport
  stop(): Promise<void>
}

/** Runs one ingest: opens its source when its machine says so, and tells the machine what became of it. */
export function startIngest(
  parts: IngestParts,
  entry: IngestEntry,
  parentLogger: ActorLogger
): IngestActor {
  const { clock } = parts
  const logger = parentLogger.child({ ingest: entry.name, ingestId: entry.id.toString() })
  const counters = new IngestCounters(clock)
  let session: IngestSession | undefined
  let lastPartitions: IngestReport['partitions'] = []
  /** Opening and closing, one after the other. */
  let turn: Promise<void> = Promise.resolve()
  let wanted = 0
  let restarts = 0
  let cancelRetry = () => {}

  const inTurn = (work: () => Promise<void>) => {
    turn = turn.then(work, work)
  }

  const actor = createActor(
    ingestMachine.provide({
      actions: effects({
        openSource: () => {
          const mine = ++wanted
          inTurn(() => open(mine))
        },
        closeSource: () => {
          wanted += 1
          inTurn(close)
        },
        scheduleRetry: ({ context }: { context: IngestContext }) => {
          restarts += 1
          const delayMs = backoffMs(context.attempts, 100, backoffMsMax)
          logger.warn({ reason: context.lastError, delayMs }, 'ingest is waiting to try again')
          cancelRetry = clock.after(delayMs, () => actor.send({ type: 'retry.due' }))
        },
        cancelRetry: () => cancelRetry(),
        reportFailed: ({ context }: { context: IngestContext }) =>
          logger.error({ reason: context.lastError }, 'ingest has stopped: somebody must look')
      })
    }),
    { input: { isPaused: entry.isPaused } }
  )

  async function open(mine: number): Promise<void> {
    if (mine !== wanted) return
    const isMine = () => mine === wanted
    try {
      session = await openSession(parts, entry, {
        onThrottled: (isThrottled) => {
          if (isMine()) actor.send({ type: isThrottled ? 'flows.throttled' : 'flows.released' })
        },
        onApplied(flush, messages) {
          const { points, deletes, deadLetters } = flush
          counters.note({ points, deletes, deadLetters: deadLetters.length, messages })
          if (isMine() && actor.getSnapshot().context.lastError !== undefined)
            actor.send({ type: 'flush.applied' })
        },
        onFailed: (cause) => {
          if (isMine()) fail(cause)
        }
      })
      if (isMine()) actor.send({ type: 'source.opened' })
    } catch (cause) {
      if (isMine()) fail(cause)
    }
  }

  async function close(): Promise<void> {
    lastPartitions = session?.report() ?? lastPartitions
    const open = session
    session = undefined
    await open?.close()
  }

  function fail(cause: unknown): void {
    const error = toEngineError(cause)
    const { code, message } = error
    actor.send({
      type: 'source.failed',
      code,
      reason: message,
      isRetryable: error.retryable || error.code === 'MILLRACE_INTERNAL'
    })
  }

  actor.start()

  return {
    entry,
    pause: () => actor.send({ type: 'ingest.pause' }),
    resume: () => actor.send({ type: 'ingest.resume' }),
    describe() {
      const { value, context } = actor.getSnapshot()
      const partitions = session?.report() ?? lastPartitions
      const state = typeof value === 'string' ? value : Object.values(value).join('')
      return {
        name: entry.name,
        state: state === 'flowing' ? 'running' : state,
        reason: state === 'failed' ? (context.lastError ?? null) : null,
        lastError: context.lastError ?? null,
        restarts,
        lagMessages:
          partitions.length === 0
            ? null
            : partitions.reduce((sum, { lagMessages }) => sum + lagMessages, 0),
        messagesPerSecond: counters.messagesPerSecond(),
        messages: counters.messages,
        points: counters.points,
        deletes: counters.deletes,
        deadLetters: counters.deadLetters,
        partitions
      }
    },
    async stop() {
      cancelRetry()
      wanted += 1
      actor.stop()
      inTurn(close)
      await turn
    }
  }
}
