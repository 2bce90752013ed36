import { createActor } from 'xstate'
import { type RebuildContext, rebuildMachine } from '../machines/index.ts'
import type { CheckpointStore } from '../src/checkpoint/index.ts'
import type { RebuildReport } from '../src/domain/rebuild.ts'
import { EngineError, toEngineError } from '../src/errors/index.ts'
import type { Log } from '../streams/index.ts'
import type { ActorReport } from './actor-report.ts'
import { CatchUp } from './catch-up.ts'
import type { Clock } from './clock.ts'
import { effects } from './effects.ts'
import type { ActorLogger } from './logger.ts'
import { mailboxOf } from './mailbox.ts'
import type { RebuildDescription } from './replica-description.ts'
import { restoreShard } from './restore.ts'
import type { Segment } from './segment.actor.ts'
import type { Segments } from './segments.ts'
import { stateText } from './state-text.ts'
import type { Turns } from './turns.ts'

const progressEveryMs = 200

export interface Rebuild {
  /** Rejects with the reason when it failed or was cancelled; the shard that served then goes on as it was. */
  readonly report: Promise<RebuildReport>
  describe(): RebuildDescription
  actorReport(): ActorReport
  /** Ends it unless it is about to swap; resolves when nothing of it goes on. */
  cancel(reason: string): Promise<void>
}

export interface RebuildOptions {
  readonly log: Log
  readonly topic: string
  readonly shard: number
  readonly segments: Segments
  readonly applyTurns: Turns
  readonly store: CheckpointStore
  readonly clock: Clock
  readonly logger: ActorLogger
}

/**
 * Builds the state of a shard a second time, from the log's start or, when the log no longer has it, from the oldest
 * kept checkpoint, while the first one answers. At one offset it compares both digests and puts the new one in the place of the old.
 */
export function startRebuild(options: RebuildOptions): Rebuild {
  const { log, topic, shard, segments, clock, logger } = options
  const live = segments.served().engine
  const startedMs = clock.nowMs()
  const cancelling = new AbortController()
  let segment: Segment | undefined
  let unpin = () => {}
  let digest = ''
  let recordsReplayed = 0
  let lastProgressMs = Number.NEGATIVE_INFINITY

  /** Runs an effect; its failure comes back to the machine as one event. */
  const perform = (effect: () => Promise<void>) => {
    effect().catch((cause: unknown) => {
      if (cancelling.signal.aborted) return
      const error = toEngineError(cause)
      logger.warn({ err: error }, 'rebuild failed')
      send({ type: 'effect.failed', reason: error.message })
    })
  }
  let working: Promise<void> = Promise.resolve()
  const work = (effect: () => Promise<void>) =>
    perform(() => {
      const running = effect()
      working = running.catch(() => {})
      return running
    })

  const actor = createActor(
    rebuildMachine.provide({
      actions: effects({
        loadState: () => work(loadState),
        replayLog: () => work(replayLog),
        swapShards: () => work(swapShards),
        reportDone: ({ context }: { context: RebuildContext }) => reportDone(context),
        discardShard: ({ context }: { context: RebuildContext }) => {
          cancelling.abort()
          working.finally(() => {
            unpin()
            const { reason = 'unknown' } = context
            if (segment !== undefined) segments.discard(segment, reason)
            fail(new EngineError('MILLRACE_REBUILD_FAILED', { shard, reason }))
          })
        }
      })
    }),
    { input: { shard } }
  )
  const send = mailboxOf(actor, {
    actor: `rebuild ${topic}/${shard}`,
    onBroken: ({ message: reason }) =>
      fail(new EngineError('MILLRACE_REBUILD_FAILED', { shard, reason }))
  })
  let succeed: (report: RebuildReport) => void = () => {}
  let fail: (error: EngineError) => void = () => {}
  const report = new Promise<RebuildReport>((resolve, reject) => {
    succeed = resolve
    fail = reject
  })
  report.catch(() => {})

  async function loadState(): Promise<void> {
    const { store } = options
    const { signal } = cancelling
    const ends = await log.ends(topic, shard)
    const manifests = ends.start === 0n ? [] : store.kept().toReversed()
    const restored = await restoreShard({
      store,
      manifests,
      ends,
      segments,
      purpose: 'rebuild',
      logger,
      signal
    })
    if (restored !== undefined) unpin = store.pin(restored.manifest)
    segment = restored?.segment ?? segments.build('rebuild')
    // An empty one is whole as well: it holds what was before the log's first record.
    if (restored === undefined) segments.complete(segment)
    signal.throwIfAborted()
    const from = nextOffset()
    logger.info({ from, hasCheckpoint: restored !== undefined }, 'rebuild replays the log')
    send({ type: 'state.loaded', from: from.toString() })
  }

  function catchUp(): CatchUp {
    if (segment === undefined) throw new Error('there is no shard to bring up')
    const { applyTurns } = options
    const { signal } = cancelling
    const successor = segment.engine
    const onApplied = (records: number, lagRecords: number) => {
      recordsReplayed += records
      reportProgress(lagRecords)
    }
    return new CatchUp({ log, topic, shard, live, successor, applyTurns, signal, onApplied })
  }

  async function replayLog(): Promise<void> {
    await catchUp().approach()
    send({ type: 'live.approached' })
  }

  async function swapShards(): Promise<void> {
    let isEqual = false
    await catchUp().meet((offset) => {
      if (segment === undefined) throw new Error('there is no shard to swap in')
      const served = live.state()
      const rebuilt = segment.engine.state()
      digest = rebuilt.digest
      isEqual = rebuilt.digest === served.digest && rebuilt.nextOffset === served.nextOffset
      if (!isEqual) reportDifference(served.digest, rebuilt.digest, offset)
      segments.install(segment)
    })
    unpin()
    send({ type: 'shards.swapped', isEqual })
  }

  function reportDifference(served: string, rebuilt: string, offset: bigint): void {
    logger.error(
      { served, rebuilt, offset },
      'the rebuilt shard differs from the one that served: the rebuilt one is kept, since it is a pure function of the log'
    )
  }

  function reportDone({ from = '0', recordsReplayed: records, isEqual = false }: RebuildContext) {
    const seconds = (clock.nowMs() - startedMs) / 1000
    logger.info({ from, recordsReplayed: records, seconds, isEqual }, 'rebuild has swapped in')
    succeed({ from, digest, recordsReplayed: records, seconds, swapped: true, equal: isEqual })
  }

  function nextOffset(): bigint {
    return segment?.engine.state().nextOffset ?? 0n
  }

  function reportProgress(lagRecords: number): void {
    if (cancelling.signal.aborted) return
    const nowMs = clock.nowMs()
    if (lagRecords > 0 && nowMs - lastProgressMs < progressEveryMs) return
    lastProgressMs = nowMs
    send({
      type: 'records.applied',
      nextOffset: nextOffset().toString(),
      recordsReplayed,
      lagRecords
    })
  }

  actor.start()

  return {
    report,
    describe() {
      const { value, context } = actor.getSnapshot()
      const { from, isEqual, reason, nextOffset: offset, lagRecords } = context
      return {
        state: typeof value === 'string' ? value : value.building,
        from: from ?? null,
        nextOffset: offset,
        recordsReplayed: context.recordsReplayed,
        lagRecords,
        equal: isEqual ?? null,
        reason: reason ?? null
      }
    },
    actorReport() {
      const { value, context } = actor.getSnapshot()
      return {
        kind: 'rebuild',
        name: `${topic}/${shard}`,
        state: stateText(value),
        offset: context.nextOffset,
        lagRecords: context.lagRecords,
        lastError: context.reason ?? null,
        isBusy: true,
        isHalted: false
      }
    },
    async cancel(reason) {
      send({ type: 'rebuild.cancel', reason })
      await report.catch(() => {})
    }
  }
}
