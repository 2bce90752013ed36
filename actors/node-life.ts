import { createActor } from 'xstate'
import { type NodeContext, nodeMachine } from '../machines/index.ts'
import { toEngineError } from '../src/errors/index.ts'
import type { Log } from '../streams/index.ts'
import type { ActorReport } from './actor-report.ts'
import type { Clock } from './clock.ts'
import { effects } from './effects.ts'
import type { ActorLogger } from './logger.ts'
import { mailboxOf } from './mailbox.ts'
import { metadataTopic } from './metadata.actor.ts'

/** The life of a node as its own machine has it; what it does is the work of the node. */
export interface NodeLife {
  state(): string
  /** Why the log cannot be reached; undefined while it can. */
  isolatedBy(): string | undefined
  metadataReplayed(): void
  shardsCaughtUp(): void
  actorHalted(actor: string, reason: string): void
  drain(): void
  /** Resolves when everything was stopped; further calls join the first. */
  stop(): Promise<void>
  report(): ActorReport
}

export interface NodeLifeOptions {
  readonly log: Log
  readonly clock: Clock
  readonly logger: ActorLogger
  readonly refuseWrites: () => void
  readonly stopActors: () => Promise<void>
  /** The machine cannot go on, which is a bug. */
  readonly onBroken: (error: Error) => void
}

/** The log is asked for its end so often, and so often while it did not answer. */
const probeEveryMs = 5_000
const probeAgainMs = 1_000
/** An answer that takes longer is none. */
const probeMsMax = 5_000
/** One lost answer is no isolation. */
const missesMax = 2

/** Runs the machine of a node, and asks the log now and then whether it is still there. */
export function startNodeLife(options: NodeLifeOptions): NodeLife {
  const { log, clock, logger } = options
  let cancelProbe = () => {}
  let misses = 0
  let stopped: Promise<void> | undefined
  let failure: unknown

  const actor = createActor(
    nodeMachine.provide({
      actions: effects({
        watchLog: () => probeAfter(probeEveryMs),
        stopWatching: () => cancelProbe(),
        announceServing: () => logger.info({}, 'node serves: every shard has caught up'),
        announceIsolated: ({ context }: { context: NodeContext }) =>
          logger.error({ reason: context.isolatedBy }, 'node is isolated: it cannot reach the log'),
        announceReached: () => logger.info({}, 'node reaches the log again'),
        refuseWrites: options.refuseWrites,
        stopActors: () => {
          options.stopActors().then(
            () => send({ type: 'actors.stopped' }),
            (cause: unknown) => {
              failure = cause
              send({ type: 'actors.stopped' })
            }
          )
        }
      })
    })
  )
  const send = mailboxOf(actor, { actor: 'node', onBroken: options.onBroken })

  function probeAfter(delayMs: number): void {
    cancelProbe = clock.after(delayMs, () => {
      let isLate = false
      const cancelLate = clock.after(probeMsMax, () => {
        isLate = true
        onMissed(`it has not answered within ${probeMsMax} ms`)
      })
      cancelProbe = cancelLate
      log.ends(metadataTopic, 0).then(
        () => {
          if (isLate) return
          cancelLate()
          onAnswered()
        },
        (cause: unknown) => {
          if (isLate) return
          cancelLate()
          onMissed(toEngineError(cause).message)
        }
      )
    })
  }

  function onAnswered(): void {
    misses = 0
    if (isDone()) return
    send({ type: 'log.reached' })
    probeAfter(probeEveryMs)
  }

  function onMissed(reason: string): void {
    misses += 1
    if (isDone()) return
    if (misses >= missesMax) send({ type: 'log.lost', reason })
    probeAfter(probeAgainMs)
  }

  function isDone(): boolean {
    const { value } = actor.getSnapshot()
    return value === 'stopping' || value === 'stopped'
  }

  actor.start()

  return {
    state: () => String(actor.getSnapshot().value),
    isolatedBy: () => actor.getSnapshot().context.isolatedBy,
    metadataReplayed: () => send({ type: 'metadata.replayed' }),
    shardsCaughtUp: () => send({ type: 'shards.caughtUp' }),
    actorHalted: (name, reason) => send({ type: 'actor.halted', actor: name, reason }),
    drain: () => send({ type: 'node.drain' }),
    stop() {
      stopped ??= new Promise<void>((resolve, reject) => {
        actor.subscribe({
          complete: () => (failure === undefined ? resolve() : reject(failure)),
          error: reject
        })
        send({ type: 'node.stop' })
      })
      return stopped
    },
    report() {
      const { value, context } = actor.getSnapshot()
      return {
        kind: 'node',
        name: 'node',
        state: String(value),
        lastError: context.isolatedBy ?? context.lastError ?? null,
        isBusy: value !== 'serving',
        isHalted: false
      }
    }
  }
}
