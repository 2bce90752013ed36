import { createActor } from 'xstate'
import { type ShardContext, shardMachine } from '../machines/index.ts'
import type { ShardStatus } from '../src/domain/directory.ts'
import { EngineError } from '../src/errors/index.ts'
import type { LogBatch } from '../streams/index.ts'
import { backoffMs, type Clock } from './clock.ts'
import { effects } from './effects.ts'
import type { ActorLogger } from './logger.ts'
import type { ApplyReport, EngineShard } from './shard-engine.ts'

export interface ShardActor {
  readonly engine: EngineShard
  /** Applies a batch; when apply stops, waits until it may go on. Resolves undefined when the actor was stopped. */
  apply(batch: LogBatch): Promise<ApplyReport | undefined>
  caughtUp(): void
  /** The log cannot give the next record: reads are refused with this reason from now on. */
  halt(error: EngineError, offset: bigint): void
  status(): ShardStatus
  state(): string
  stop(): Promise<void>
}

/** Owns the native shard of one replica and knows whether it may be read. */
export function startShard(options: {
  readonly shard: number
  readonly open: () => EngineShard
  readonly clock: Clock
  readonly logger: ActorLogger
  readonly lagRecords: () => number
  readonly onStatus: (status: ShardStatus) => void
  /** The shard stopped for good: what waits for it is to be told. Called after `onStatus`. */
  readonly onHalted: (error: EngineError) => void
}): ShardActor {
  const { clock, logger } = options
  const engine = options.open()
  let resume: (() => void) | undefined
  let cancelRetry = () => {}
  let attempts = 0
  let isStopped = false

  const actor = createActor(
    shardMachine.provide({
      actions: effects({
        publishStatus: () => options.onStatus(status()),
        scheduleRetry: () => {
          attempts += 1
          cancelRetry = clock.after(backoffMs(attempts), () => actor.send({ type: 'retry.due' }))
        },
        reportHalted: ({ context }: { context: ShardContext }) => {
          const { stoppedAtOffset: offset = '0', stopReason: reason = 'unknown' } = context
          const { shard } = options
          options.onHalted(new EngineError('MILLRACE_SHARD_STOPPED', { shard, offset, reason }))
        },
        resumeApply: () => resume?.(),
        closeShard: () => {
          isStopped = true
          cancelRetry()
          resume?.()
          engine.close()
          actor.send({ type: 'shard.closed' })
        }
      })
    }),
    { input: { shard: options.shard } }
  )
  const closed = new Promise<void>((resolve) => {
    actor.subscribe({
      next: (snapshot) => snapshot.status === 'done' && resolve(),
      complete: resolve
    })
  })

  function status(): ShardStatus {
    const snapshot = actor.getSnapshot()
    if (snapshot.matches('running')) return { kind: 'running' }
    if (snapshot.matches('stoppedOnError')) {
      const { stoppedAtOffset = '0', stopReason = 'unknown' } = snapshot.context
      return { kind: 'stopped', offset: BigInt(stoppedAtOffset), reason: stopReason }
    }
    return { kind: 'recovering', lagRecords: options.lagRecords() }
  }

  function stopAt(error: EngineError, offset: bigint): void {
    logger.error({ err: error, offset }, 'shard stopped')
    actor.send({
      type: 'apply.stopped',
      offset: offset.toString(),
      code: error.code,
      reason: error.message,
      isRetryable: error.retryable
    })
  }

  actor.start()
  actor.send({ type: 'shard.opened' })

  return {
    engine,
    async apply(batch) {
      while (!isStopped) {
        const report = await engine.apply(batch)
        // After a part of the batch the caller reads on from there; a stop at its first record comes back here.
        if (report.applied > 0 || report.stop === undefined) {
          if (report.stop === undefined && actor.getSnapshot().matches('stoppedOnError')) {
            attempts = 0
            actor.send({ type: 'apply.resumed' })
            logger.info({ offset: batch.offsets[0] }, 'shard goes on')
          }
          return report
        }
        stopAt(report.stop, engine.state().nextOffset)
        await new Promise<void>((resolve) => {
          resume = resolve
        })
      }
      return undefined
    },
    caughtUp: () => actor.send({ type: 'replica.caughtUp' }),
    halt: stopAt,
    status,
    state: () => JSON.stringify(actor.getSnapshot().value).replaceAll('"', ''),
    async stop() {
      actor.send({ type: 'shard.stop' })
      await closed
    }
  }
}
