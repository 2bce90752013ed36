import { createActor } from 'xstate'
import { type ReplicaContext, replicaMachine } from '../machines/index.ts'
import type { ShardStatus } from '../src/domain/directory.ts'
import { toEngineError } from '../src/errors/index.ts'
import type { Log } from '../streams/index.ts'
import { backoffMs, type Clock } from './clock.ts'
import { effects } from './effects.ts'
import type { ActorLogger } from './logger.ts'
import { OffsetBarrier } from './offset-barrier.ts'
import { type OutcomeBoard, partitionKeyOf } from './outcome-board.ts'
import { startShard } from './shard.actor.ts'
import type { ApplyReport, EngineShard } from './shard-engine.ts'
import type { Child } from './supervisor.actor.ts'

const readBytesMax = 4 << 20
/** How often, at most, a replica tells its machine and, while it replays, everyone else how far it is. */
const progressEveryMs = 100

export interface ReplicaDescription {
  readonly shard: number
  readonly replica: string
  readonly shardState: string
  readonly nextOffset: string
  readonly endOffset: string
  readonly lagRecords: number
  readonly digest: string
  readonly points: string
  readonly recordsRejected: number
  readonly memoryBytes: number
  readonly lastError: string | null
}

export interface Replica extends Child {
  status(): ShardStatus
  schemaVersion(): number
  /** @returns undefined once `offset` was applied, else the lag when the wait ended */
  reach(offset: bigint, timeoutMs: number): Promise<number | undefined>
  describe(): ReplicaDescription
}

export interface ReplicaOptions {
  readonly log: Log
  readonly topic: string
  readonly shard: number
  readonly openEngine: () => EngineShard
  readonly board: OutcomeBoard
  readonly producerId: bigint
  readonly clock: Clock
  readonly logger: ActorLogger
  readonly onStatus: (status: ShardStatus) => void
}

/**
 * Follows one partition of the log and applies it to the native shard of this node. The machines decide
 * and are told coarse events; the records flow through one plain loop.
 */
export function startReplica(options: ReplicaOptions): Replica {
  const { log, topic, shard: partition, clock, logger } = options
  const key = partitionKeyOf(topic, partition)
  const stopping = new AbortController()
  const barrier = new OffsetBarrier(clock)
  let lagRecords = 0
  let lastProgressMs = Number.NEGATIVE_INFINITY
  let hasReplayed = false
  const startedMs = clock.nowMs()

  const shard = startShard({
    shard: partition,
    open: options.openEngine,
    clock,
    logger,
    lagRecords: () => lagRecords,
    onStatus: options.onStatus,
    onHalted: (error) => options.board.dropPartition(key, error)
  })

  let fail: (cause: unknown) => void = () => {}
  let finish: () => void = () => {}
  const done = new Promise<void>((resolve, reject) => {
    finish = resolve
    fail = reject
  })
  let failures = 0
  let cancelRetry = () => {}

  const machine = createActor(
    replicaMachine.provide({
      actions: effects({
        openShard: () => machine.send({ type: 'shard.ready', nextOffset: nextOffset().toString() }),
        startFollowing: () => {
          follow().catch((cause: unknown) => onFollowFailed(cause))
        },
        reportCaughtUp: () => {
          failures = 0
          shard.caughtUp()
          if (!hasReplayed) logReplay()
          hasReplayed = true
        },
        reportDead: ({ context }: { context: ReplicaContext }) =>
          logger.error(
            { reason: context.lastError },
            'replica is dead: the log cannot give it what it needs'
          ),
        scheduleRetry: () => {
          failures += 1
          cancelRetry = clock.after(backoffMs(failures), () => machine.send({ type: 'retry.due' }))
        },
        stopFollowing: () => {
          cancelRetry()
          stopping.abort()
        }
      })
    }),
    { input: { shard: partition } }
  )

  function logReplay(): void {
    const { nextOffset: offset, points, digest } = shard.engine.state()
    const seconds = (clock.nowMs() - startedMs) / 1000
    logger.info(
      { nextOffset: offset, points, digest, seconds },
      'replica has caught up with the log'
    )
  }

  function nextOffset(): bigint {
    return shard.engine.state().nextOffset
  }

  async function follow(): Promise<void> {
    let from = nextOffset()
    while (!stopping.signal.aborted) {
      const batch = await log.read(topic, partition, from, { maxBytes: readBytesMax })
      if (batch.count === 0) {
        reportProgress(from, batch.endOffset, 0)
        await log.waitForMore(topic, partition, from, { signal: stopping.signal })
        continue
      }
      const report = await shard.apply(batch)
      if (report === undefined) return
      from = report.stop === undefined ? batch.nextOffset : nextOffset()
      deliver(report)
      barrier.advance(from)
      reportProgress(from, batch.endOffset, Number(batch.endOffset - from))
    }
  }

  function deliver(report: ApplyReport): void {
    report.forEachOutcome(options.producerId, ({ sequence, ...outcome }) =>
      options.board.deliver(key, sequence, { shard: partition, ...outcome })
    )
  }

  function reportProgress(from: bigint, endOffset: bigint, lag: number): void {
    if (stopping.signal.aborted) return
    const isNews =
      (lag === 0) !== (lagRecords === 0) || (lag === 0 && !machine.getSnapshot().matches('active'))
    lagRecords = lag
    // After a stop the shard waits to be told, though the replica never fell behind by its own count.
    if (lag === 0 && shard.status().kind === 'recovering' && hasReplayed) shard.caughtUp()
    if (!isNews && clock.nowMs() - lastProgressMs < progressEveryMs) return
    lastProgressMs = clock.nowMs()
    machine.send({
      type: 'records.applied',
      nextOffset: from.toString(),
      endOffset: endOffset.toString(),
      lagRecords: lag
    })
    if (!hasReplayed && lag > 0) options.onStatus(shard.status())
  }

  function onFollowFailed(cause: unknown): void {
    if (stopping.signal.aborted) return
    const error = toEngineError(cause)
    // A failure outside of the log is a bug of ours: the supervisor starts the replica anew.
    if (!error.code.startsWith('MILLRACE_LOG_')) {
      fail(error)
      return
    }
    if (!error.retryable) shard.halt(error, nextOffset())
    machine.send({
      type: 'log.failed',
      code: error.code,
      reason: error.message,
      isRetryable: error.retryable
    })
  }

  machine.start()

  return {
    done,
    status: shard.status,
    schemaVersion: () => shard.engine.state().schemaVersion,
    reach: (offset, timeoutMs) => barrier.reach(offset, timeoutMs),
    describe() {
      const snapshot = machine.getSnapshot()
      const state = shard.engine.state()
      return {
        shard: partition,
        replica: String(snapshot.value),
        shardState: shard.state(),
        nextOffset: state.nextOffset.toString(),
        endOffset: snapshot.context.endOffset,
        lagRecords,
        digest: state.digest,
        points: state.points.toString(),
        recordsRejected: state.recordsRejected,
        memoryBytes: state.memoryBytes,
        lastError: snapshot.context.lastError ?? null
      }
    },
    async stop() {
      machine.send({ type: 'replica.stop' })
      stopping.abort()
      barrier.close()
      await shard.stop()
      finish()
    }
  }
}
