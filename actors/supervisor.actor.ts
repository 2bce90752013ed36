import { createActor } from 'xstate'
import { type SupervisorContext, supervisorMachine } from '../machines/index.ts'
import { EngineError, toEngineError } from '../src/errors/index.ts'
import { backoffMs, type Clock } from './clock.ts'
import { effects } from './effects.ts'
import type { ActorLogger } from './logger.ts'
import { mailboxOf } from './mailbox.ts'

/** Something that runs until it is stopped or fails. */
export interface Child {
  /** Resolves when it was stopped, rejects when it failed. */
  readonly done: Promise<void>
  stop(): Promise<void>
}

export interface Supervisor {
  state(): string
  lastError(): string | undefined
  attempts(): number
  stop(): Promise<void>
}

/**
 * Runs a child and restarts it when it fails; supervision is written here once, for every actor.
 *
 * @param onHalted  called once with MILLRACE_ACTOR_HALTED after `attemptsMax` failures in a row
 */
export function supervise(options: {
  readonly name: string
  readonly start: () => Child
  readonly clock: Clock
  readonly logger: ActorLogger
  readonly attemptsMax?: number
  readonly healthyAfterMs?: number
  readonly onHalted?: (error: EngineError) => void
}): Supervisor {
  const { name, clock, logger, attemptsMax = 5, healthyAfterMs = 60_000 } = options
  let child: Child | undefined
  let cancelTimer = () => {}
  let brokenBy: EngineError | undefined

  const startChild = () => {
    child = undefined
    try {
      const started = options.start()
      child = started
      cancelTimer = clock.after(healthyAfterMs, () => send({ type: 'child.recovered' }))
      started.done.catch(onFailed)
    } catch (cause) {
      onFailed(cause)
    }
  }

  const onFailed = (cause: unknown) => {
    cancelTimer()
    const error = toEngineError(cause)
    logger.error({ err: error, actor: name }, 'actor failed')
    const tell = () => send({ type: 'child.failed', reason: error.message })
    // What failed may still hold memory and waiters: the next attempt starts from nothing.
    const stopping = child?.stop() ?? Promise.resolve()
    stopping.then(tell, tell)
  }

  const actor = createActor(
    supervisorMachine.provide({
      actions: effects({
        startChild,
        stopChild: () => {
          cancelTimer()
          const stopping = child?.stop() ?? Promise.resolve()
          stopping.then(
            () => send({ type: 'child.stopped' }),
            (cause: unknown) => send({ type: 'child.failed', reason: toEngineError(cause).message })
          )
        },
        scheduleRestart: ({ context }: { context: SupervisorContext }) => {
          cancelTimer = clock.after(backoffMs(context.attempts), () =>
            send({ type: 'backoff.passed' })
          )
        },
        escalate: ({ context }: { context: SupervisorContext }) => {
          const { attempts, lastError = 'unknown' } = context
          const error = new EngineError('MILLRACE_ACTOR_HALTED', {
            actor: name,
            attempts,
            reason: lastError
          })
          logger.error({ err: error, actor: name }, 'actor gave up')
          options.onHalted?.(error)
        }
      })
    }),
    { input: { attemptsMax } }
  )
  const send = mailboxOf(actor, {
    actor: `supervisor of ${name}`,
    onBroken: (cause) => {
      cancelTimer()
      brokenBy = new EngineError('MILLRACE_ACTOR_HALTED', {
        actor: name,
        attempts: 0,
        reason: cause.message
      })
      options.onHalted?.(brokenBy)
    }
  })
  const stopped = new Promise<void>((resolve) => {
    actor.subscribe({
      next: (snapshot) => snapshot.status === 'done' && resolve(),
      complete: resolve,
      error: () => resolve()
    })
  })
  actor.start()

  return {
    state: () => (brokenBy === undefined ? String(actor.getSnapshot().value) : 'halted'),
    lastError: () => brokenBy?.message ?? actor.getSnapshot().context.lastError,
    attempts: () => actor.getSnapshot().context.attempts,
    async stop() {
      cancelTimer()
      if (actor.getSnapshot().status !== 'done') send({ type: 'child.stop' })
      await stopped
    }
  }
}
