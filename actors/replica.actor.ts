import { createActor } from 'xstate'
import { type ReplicaContext, replicaMachine } from '../machines/index.ts'
import type { CheckpointStore } from '../src/checkpoint/index.ts'
import { toEngineError } from '../src/errors/index.ts'
import type { ActorReport } from './actor-report.ts'
import { backoffMs } from './clock.ts'
import { effects } from './effects.ts'
import { mailboxOf } from './mailbox.ts'
import { OffsetBarrier } from './offset-barrier.ts'
import { type Optimizer, startOptimizer } from './optimizer.actor.ts'
import { partitionKeyOf } from './outcome-board.ts'
import { Rebuilds } from './rebuilds.ts'
import { knownEnds, Recovery, unknownEnds } from './recovery.ts'
import { ReplayProgress } from './replay-progress.ts'
import type { Replica, ReplicaOptions } from './replica-face.ts'
import { Segments } from './segments.ts'
import { startShard } from './shard.actor.ts'
import type { ApplyReport } from './shard-engine.ts'
import { stateText } from './state-text.ts'
import { VisibleBarrier } from './visible-barrier.ts'

const readBytesMax = 4 << 20
/** How often, at most, a replica tells its machine and, while it replays, everyone else how far it is. */
const progressEveryMs = 250
const replayLogEveryMs = 1_000
const lastCheckpointMsMax = 30_000

/**
 * Loads the newest whole checkpoint, then follows one partition of the log and applies it to the native shard of this
 * node. The machines decide and are told coarse events; the records flow through one plain loop.
 */
export function startReplica(options: ReplicaOptions): Replica {
  const { log, topic, shard: partition, clock, logger } = options
  const key = partitionKeyOf(topic, partition)
  const stopping = new AbortController()
  const applied = new OffsetBarrier(clock)
  const visible = new VisibleBarrier({
    clock,
    engine: () => shard.engine,
    defers: () => options.optimizer.settings().growth.defers
  })
  const advance = (nextOffset: bigint) => {
    applied.advance(nextOffset)
    visible.advance(nextOffset)
  }
  let lagRecords = 0
  let targetOffset = 0n
  let fromCheckpoint: bigint | undefined
  let lastProgressMs = Number.NEGATIVE_INFINITY
  let lastLogMs = clock.nowMs()
  let hasReplayed = false
  let hasFailed = false
  let store: CheckpointStore | undefined
  let loading: Promise<void> = Promise.resolve()
  const startedMs = clock.nowMs()
  let progress = new ReplayProgress(startedMs)

  const segments = new Segments({
    name: key,
    open: options.openEngine,
    indexes: () => options.optimizer.settings().indexes,
    growth: () => options.optimizer.settings().growth
  })
  const shard = startShard({
    shard: partition,
    name: key,
    segments,
    policy: options.checkpoints,
    checkpointTurns: options.checkpointTurns,
    afterCheckpoint: trimLog,
    clock,
    logger,
    progress: () => ({
      nextOffset: nextOffset(),
      targetOffset,
      lagRecords,
      ...progress.rate(lagRecords, clock.nowMs())
    }),
    onStatus: options.onStatus,
    onHalted: (error) => options.board.closePartition(key, error),
    onBroken: (error) => fail(error)
  })

  const recovery = new Recovery({
    name: key,
    address: options.address,
    segments,
    turns: options.recoveryTurns,
    peers: options.peers,
    clock,
    logger,
    signal: stopping.signal
  })

  let fail: (cause: unknown) => void = () => {}
  let finish: () => void = () => {}
  const done = new Promise<void>((resolve, reject) => {
    finish = resolve
    fail = (cause) => {
      hasFailed = true
      reject(cause)
    }
  })
  let failures = 0
  let cancelRetry = () => {}

  const machine = createActor(
    replicaMachine.provide({
      actions: effects({
        loadShard: () => {
          loading = load().catch((cause: unknown) => onFailed('load.failed', cause))
        },
        startFollowing: () => {
          follow().catch((cause: unknown) => onFailed('log.failed', cause))
        },
        reportCaughtUp: () => {
          failures = 0
          shard.caughtUp()
          recovery.caughtUp()
          segments.caughtUp()
          if (!hasReplayed) logCaughtUp()
          hasReplayed = true
        },
        reportDead: ({ context }: { context: ReplicaContext }) =>
          logger.error(
            { reason: context.lastError },
            'replica is dead: log and checkpoints cannot give it what it needs'
          ),
        scheduleRetry: () => {
          failures += 1
          cancelRetry = clock.after(backoffMs(failures), () => send({ type: 'retry.due' }))
        },
        stopFollowing: () => {
          cancelRetry()
          stopping.abort()
        }
      })
    }),
    { input: { shard: partition } }
  )
  const send = mailboxOf(machine, { actor: `replica ${key}`, onBroken: (error) => fail(error) })

  /** Brings the shard to the newest whole checkpoint, or leaves it empty when the log can be replayed from its start. */
  async function load(): Promise<void> {
    const ends = await knownEnds(log, topic, partition)
    targetOffset = ends?.end ?? 0n
    const opened = await options.openStore((error) => shard.checkpoints.noteDamage(error))
    store = opened
    const recovered = await recovery.recover(opened, ends ?? unknownEnds)
    if (stopping.signal.aborted) return
    if (recovered !== undefined) {
      const { segment, nextOffset: offset, files, points } = recovered
      segments.install(segment)
      advance(offset)
      fromCheckpoint = offset
      lagRecords = Math.max(0, Number(targetOffset - offset))
      shard.checkpointLoaded()
      const seconds = (clock.nowMs() - startedMs) / 1000
      logger.info(
        { nextOffset: offset, files, points, seconds },
        files === 0 ? 'state was received from another node' : 'checkpoint was loaded'
      )
    }
    shard.checkpoints.use(opened)
    shard.graphs.use(opened.graphs)
    // What came from elsewhere lies on no disk here.
    if (recovered?.files === 0) shard.checkpoints.noteApplied(1)
    progress = new ReplayProgress(clock.nowMs())
    send({ type: 'shard.ready', nextOffset: nextOffset().toString() })
  }

  function logCaughtUp(): void {
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
        // Offsets may have gaps, at the end of the log as well.
        from = batch.nextOffset
        advance(from)
        reportProgress(from, batch.endOffset, 0)
        await log.waitForMore(topic, partition, from, { signal: stopping.signal })
        continue
      }
      const report = await shard.apply(batch)
      if (report === undefined) return
      from = report.stop === undefined ? batch.nextOffset : nextOffset()
      deliver(report)
      advance(from)
      if (!hasReplayed) progress.note(report.applied, clock.nowMs())
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
    send({
      type: 'records.applied',
      nextOffset: from.toString(),
      endOffset: endOffset.toString(),
      lagRecords: lag
    })
    if (!hasReplayed && lag > 0) reportReplay(from)
  }

  function reportReplay(from: bigint): void {
    options.onStatus(shard.status())
    if (clock.nowMs() - lastLogMs < replayLogEveryMs) return
    lastLogMs = clock.nowMs()
    const rate = progress.rate(lagRecords, lastLogMs)
    logger.info({ nextOffset: from, lagRecords, ...rate }, 'replica replays the log')
  }

  /** Of a stop: what takes longer is given up, and the next start replays more. */
  function lastCheckpoint(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = clock.after(lastCheckpointMsMax, resolve)
      Promise.all([shard.checkpoint(), shard.graphs.last()]).finally(() => {
        cancel()
        resolve()
      })
    })
  }

  /** Whole log segments below the oldest checkpoint that may be needed go, once the partition is over its size. */
  async function trimLog(checkpoints: CheckpointStore): Promise<void> {
    const { retentionBytes, partitionBytes } = options.checkpoints
    const oldest = checkpoints.oldest()
    const isOver = retentionBytes > 0 && partitionBytes(topic, partition) > retentionBytes
    if (!isOver || oldest === undefined) return
    // What is being built begins at an offset that no checkpoint has.
    if (rebuilds.isRunning() || optimizer.isBuilding() || options.isGiven()) return
    await log.trimBefore(topic, partition, oldest.nextOffset)
  }

  function onFailed(type: 'load.failed' | 'log.failed', cause: unknown): void {
    if (stopping.signal.aborted) return
    const error = toEngineError(cause)
    // Any other failure is a bug of ours: the supervisor starts the replica anew, and so it does when only another node can help.
    const isBehindLog = error.code === 'MILLRACE_LOG_OFFSET_OUT_OF_RANGE' && type === 'log.failed'
    if (!expectedFailures.test(error.code) || (isBehindLog && options.peers !== undefined)) {
      fail(error)
      return
    }
    if (!error.retryable) shard.halt(error, nextOffset())
    send({
      type,
      code: error.code,
      reason: error.message,
      isRetryable: error.retryable
    })
  }

  const optimizer: Optimizer = startOptimizer({
    ...options.optimizer,
    log,
    topic,
    shard: partition,
    segments,
    applyTurns: shard.applyTurns,
    mayWork: () => machine.getSnapshot().matches('active') && !rebuilds.isRunning(),
    clock,
    now: options.checkpoints.now,
    logger,
    onBroken: (error) => fail(error)
  })
  const rebuilds = new Rebuilds({
    log,
    topic,
    shard: partition,
    segments,
    applyTurns: shard.applyTurns,
    checkpoints: shard.checkpoints,
    store: () => (stopping.signal.aborted ? undefined : store),
    lagRecords: () => lagRecords,
    shortage: () => {
      const { memoryBytes, diskBytes } = shard.engine.state()
      return options.optimizer.shortage(memoryBytes, diskBytes)
    },
    onBegin: () => optimizer.reconsider('a rebuild has begun'),
    clock,
    logger
  })
  machine.start()

  return {
    done,
    status: shard.status,
    schemaVersion: () => shard.engine.state().schemaVersion,
    reach: (offset, timeoutMs) => applied.reach(offset, timeoutMs),
    reachVisible: (offset, timeoutMs) => visible.reach(offset, timeoutMs),
    checkpoint: () => shard.checkpoint(),
    wholeOffset: () => (machine.getSnapshot().matches('active') ? nextOffset() : undefined),
    capture: () => shard.applyTurns.run(() => shard.engine.captureCheckpoint(0n)),
    settingsChanged() {
      segments.settingsChanged()
      optimizer.reconsider('the settings of the collection have changed')
    },
    rebuild: () => rebuilds.run(),
    describe() {
      const snapshot = machine.getSnapshot()
      const { value } = snapshot
      const state = shard.engine.state()
      return {
        shard: partition,
        replica: typeof value === 'string' ? value : 'recovering',
        shardState: shard.state(),
        nextOffset: state.nextOffset.toString(),
        endOffset: snapshot.context.endOffset,
        lagRecords,
        digest: state.digest,
        points: state.points.toString(),
        recordsRejected: state.recordsRejected,
        memoryBytes: state.memoryBytes,
        lastError: snapshot.context.lastError ?? null,
        replay: {
          fromCheckpoint: fromCheckpoint?.toString() ?? null,
          ...(hasReplayed
            ? { recordsPerSecond: 0, etaMs: 0 }
            : progress.rate(lagRecords, clock.nowMs()))
        },
        checkpointState: shard.checkpointState(),
        checkpoint: shard.checkpoints.describe(),
        optimizer: optimizer.describe(),
        ...rebuilds.describe()
      }
    },
    reports() {
      const transfer = recovery.transfer()
      const { value, context } = machine.getSnapshot()
      const own: ActorReport = {
        kind: 'replica',
        name: key,
        state: stateText(value),
        offset: nextOffset().toString(),
        lagRecords,
        lastError: context.lastError ?? null,
        isBusy: value !== 'stopped' && (value !== 'active' || lagRecords > 0),
        isHalted: value === 'dead'
      }
      return [
        own,
        shard.report(),
        ...segments.reports(),
        optimizer.report(),
        ...(transfer === undefined || transfer.isOver() ? [] : [transfer.report()]),
        ...rebuilds.reports()
      ]
    },
    async stop() {
      send({ type: 'replica.stop' })
      stopping.abort()
      applied.close()
      visible.close()
      await Promise.all([
        recovery.stop(),
        loading,
        rebuilds.cancel('the shard is being stopped'),
        optimizer.stop()
      ])
      if (!hasFailed && options.shouldKeepState()) await lastCheckpoint()
      await shard.stop()
      finish()
    }
  }
}

/** What log, disk, memory and checkpoints may come to; those that may go away are tried again. */
const expectedFailures =
  /^MILLRACE_(LOG_|CHECKPOINT_|RECORD_|TRANSFER_FAILED$|OUT_OF_MEMORY$|SCRATCH_FULL$|ENGINE_BUSY$)/
