import { createActor, waitFor } from 'xstate'
import { type ShardContext, shardMachine } from '../machines/index.ts'
import type { CheckpointStore } from '../src/checkpoint/index.ts'
import type { ShardStatus } from '../src/domain/directory.ts'
import { EngineError, toEngineError } from '../src/errors/index.ts'
import type { LogBatch } from '../streams/index.ts'
import type { ActorReport } from './actor-report.ts'
import { Checkpointer, type CheckpointPolicy } from './checkpointer.ts'
import { backoffMs, type Clock } from './clock.ts'
import { effects } from './effects.ts'
import { GraphKeeper } from './graph-keeper.ts'
import type { ActorLogger } from './logger.ts'
import { mailboxOf } from './mailbox.ts'
import type { ReplayRate } from './replay-progress.ts'
import type { Segments } from './segments.ts'
import type { ApplyReport, EngineShard } from './shard-engine.ts'
import { stateText } from './state-text.ts'
import { Turns } from './turns.ts'

export interface ShardActor {
  readonly engine: EngineShard
  readonly checkpoints: Checkpointer
  readonly graphs: GraphKeeper
  /** One apply at a time; what runs in a turn of its own sees the shard between two applies. */
  readonly applyTurns: Turns
  /** Applies a batch; when apply stops, waits until it may go on. Resolves undefined when the actor was stopped. */
  apply(batch: LogBatch): Promise<ApplyReport | undefined>
  /** The shard holds the state of a checkpoint, and the end of the log is missing. */
  checkpointLoaded(): void
  caughtUp(): void
  /** The log cannot give the next record: reads are refused with this reason from now on. */
  halt(error: EngineError, offset: bigint): void
  status(): ShardStatus
  state(): string
  checkpointState(): string
  report(): ActorReport
  /** Writes a checkpoint of what no checkpoint holds yet; resolves when that was done or has failed. */
  checkpoint(): Promise<void>
  stop(): Promise<void>
}

/** How far a shard that replays is. */
export interface ShardProgress extends ReplayRate {
  readonly nextOffset: bigint
  /** The end that the log had when the replica started. */
  readonly targetOffset: bigint
  readonly lagRecords: number
}

/** Owns the native shard of one replica and knows whether it may be read. */
export function startShard(options: {
  readonly shard: number
  /** `topic/shard` */
  readonly name: string
  readonly segments: Segments
  readonly clock: Clock
  readonly logger: ActorLogger
  readonly policy: CheckpointPolicy
  readonly checkpointTurns: Turns
  readonly afterCheckpoint: (store: CheckpointStore) => Promise<void>
  readonly progress: () => ShardProgress
  readonly onStatus: (status: ShardStatus) => void
  /** The shard stopped for good: what waits for it is to be told. Called after `onStatus`. */
  readonly onHalted: (error: EngineError) => void
  /** The machine cannot go on, which is a bug. */
  readonly onBroken: (error: Error) => void
}): ShardActor {
  const { clock, logger } = options
  const { engine } = options.segments.served()
  let resume: (() => void) | undefined
  let cancelRetry = () => {}
  let cancelCheckpointRetry = () => {}
  let attempts = 0
  let isStopped = false
  const applyTurns = new Turns(1)
  const isCheckpointing = (state: 'idle' | 'backingOff') =>
    actor.getSnapshot().matches({ checkpointing: state })
  const checkpoints = new Checkpointer({
    engine,
    policy: options.policy,
    applyTurns,
    writeTurns: options.checkpointTurns,
    clock,
    logger,
    isIdle: () => isCheckpointing('idle'),
    request: () => send({ type: 'checkpoint.requested' }),
    async afterWrite(store) {
      graphs.consider('growing')
      await options.afterCheckpoint(store)
    }
  })
  const graphs = new GraphKeeper({
    engine,
    everyMs: options.policy.everyMs,
    writeTurns: options.checkpointTurns,
    clock,
    logger
  })

  const actor = createActor(
    shardMachine.provide({
      actions: effects({
        publishStatus: () => options.onStatus(status()),
        scheduleRetry: () => {
          attempts += 1
          cancelRetry = clock.after(backoffMs(attempts), () => send({ type: 'retry.due' }))
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
          cancelCheckpointRetry()
          resume?.()
          // A write that goes on would meddle with the files of the shard that is opened next.
          Promise.all([checkpoints.stop(), graphs.stop()]).finally(() => {
            options.segments.close()
            send({ type: 'shard.closed' })
          })
        },
        captureCheckpoint: () => {
          checkpoints
            .capture()
            .then(
              (isCaptured) =>
                send({ type: isCaptured ? 'checkpoint.captured' : 'checkpoint.skipped' }),
              onCheckpointFailed
            )
        },
        writeCheckpoint: () => {
          checkpoints.write().then(() => send({ type: 'checkpoint.written' }), onCheckpointFailed)
        },
        scheduleCheckpointRetry: ({ context }: { context: ShardContext }) => {
          cancelCheckpointRetry = clock.after(backoffMs(context.checkpointFailures, 1000), () =>
            send({ type: 'checkpointRetry.due' })
          )
        }
      })
    }),
    { input: { shard: options.shard } }
  )
  const send = mailboxOf(actor, { actor: `shard ${options.name}`, onBroken: options.onBroken })
  const closed = new Promise<void>((resolve) => {
    actor.subscribe({
      next: (snapshot) => snapshot.status === 'done' && resolve(),
      complete: resolve,
      error: () => resolve()
    })
  })

  function status(): ShardStatus {
    const snapshot = actor.getSnapshot()
    if (snapshot.matches({ serving: 'running' })) return { kind: 'running' }
    if (snapshot.matches({ serving: 'replaying' })) {
      return { kind: 'replaying', ...options.progress() }
    }
    if (snapshot.matches({ serving: 'stoppedOnError' })) {
      const { stoppedAtOffset = '0', stopReason = 'unknown' } = snapshot.context
      return { kind: 'stopped', offset: BigInt(stoppedAtOffset), reason: stopReason }
    }
    return { kind: 'recovering', lagRecords: options.progress().lagRecords }
  }

  function onCheckpointFailed(cause: unknown): void {
    const error = toEngineError(cause)
    if (!isStopped) checkpoints.noteFailure(error)
    send({ type: 'checkpoint.failed', reason: error.message })
  }

  function stopAt(error: EngineError, offset: bigint): void {
    logger.error({ err: error, offset }, 'shard stopped')
    send({
      type: 'apply.stopped',
      offset: offset.toString(),
      code: error.code,
      reason: error.message,
      isRetryable: error.retryable
    })
  }

  actor.subscribe((snapshot) => {
    // What was applied while a checkpoint was written may be due already.
    if (snapshot.matches({ checkpointing: 'idle' })) checkpoints.consider()
  })
  actor.start()
  send({ type: 'shard.opened' })

  return {
    engine,
    checkpoints,
    graphs,
    applyTurns,
    async apply(batch) {
      while (!isStopped) {
        const report = await applyTurns.run(() => engine.apply(batch))
        if (report.applied > 0) {
          checkpoints.noteApplied(bytesOf(batch, report.applied))
          graphs.noteApplied()
        }
        // After a part of the batch the caller reads on from there; a stop at its first record comes back here.
        if (report.applied > 0 || report.stop === undefined) {
          if (
            report.stop === undefined &&
            actor.getSnapshot().matches({ serving: 'stoppedOnError' })
          ) {
            attempts = 0
            send({ type: 'apply.resumed' })
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
    checkpointLoaded: () => send({ type: 'checkpoint.loaded' }),
    caughtUp() {
      send({ type: 'replica.caughtUp' })
      checkpoints.caughtUp()
    },
    halt: stopAt,
    status,
    state: () => stateText(actor.getSnapshot().value.serving),
    checkpointState: () => String(actor.getSnapshot().value.checkpointing),
    async checkpoint() {
      await waitFor(actor, isAtRest)
      if (!checkpoints.hasNews()) return
      send({ type: 'checkpoint.requested' })
      await waitFor(actor, isAtRest)
    },
    report() {
      const { value, context } = actor.getSnapshot()
      return {
        kind: 'shard',
        name: options.name,
        state: stateText(value),
        offset: engine.state().nextOffset.toString(),
        lastError: context.stopReason ?? context.checkpointError ?? null,
        isBusy: value.serving !== 'running' && value.serving !== 'closed',
        isHalted: actor.getSnapshot().matches({ serving: { stoppedOnError: 'halted' } })
      }
    },
    async stop() {
      send({ type: 'shard.stop' })
      await closed
    }
  }
}

type ShardSnapshot = ReturnType<ReturnType<typeof createActor<typeof shardMachine>>['getSnapshot']>

function isAtRest(snapshot: ShardSnapshot): boolean {
  const { checkpointing } = snapshot.value
  return checkpointing !== 'capturing' && checkpointing !== 'writing'
}

/** Bytes of the first records of a batch. */
function bytesOf(batch: LogBatch, records: number): number {
  return batch.lengths.subarray(0, records).reduce((sum, length) => sum + length, 0)
}
