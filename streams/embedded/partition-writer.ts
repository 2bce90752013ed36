import { EngineError } from '../../src/errors/index.ts'
import { writeFully } from '../files.ts'
import { batchHeaderBytes, storedBytes } from './batch-format.ts'
import { writeEndMark } from './end-mark.ts'
import type { LogSegment } from './log-segment.ts'
import type { PartitionState } from './partition-state.ts'
import { PendingBatch } from './pending-batch.ts'
import { largeBatchBytes, SegmentRoller } from './segment-roller.ts'
import { scanSegment } from './segment-scan.ts'

const batchBytesLimit = 0x40000000
const bufferBytesMin = 1024

/**
 * The one writer of a partition. While a batch is on its way to the disk, appends gather in the next
 * one: batches grow with the load by themselves, without a timer.
 */
export class PartitionWriter {
  readonly #state: PartitionState
  readonly #roller: SegmentRoller
  readonly #pending: PendingBatch[] = []
  #queueBytes = 0
  #bufferBytes = bufferBytesMin
  #running: Promise<void> | undefined
  /** Set between a failed write and the repair of the tail. */
  #isBroken = false
  #markTimer: NodeJS.Timeout | undefined
  #markedEnd = 0
  syncCount = 0
  syncSeconds = 0

  constructor(state: PartitionState) {
    this.#state = state
    this.#roller = new SegmentRoller(state)
  }

  get queueBytes(): number {
    return this.#queueBytes
  }

  append(records: readonly Uint8Array[]): Promise<BigUint64Array> {
    const { context, damage, gone } = this.#state
    const refusal = gone ?? damage
    if (refusal) return Promise.reject(refusal)
    if (records.length === 0) return Promise.resolve(new BigUint64Array(0))
    let bytes = 0
    for (const record of records) {
      if (record.byteLength > context.recordBytesMax) {
        return Promise.reject(tooLarge(record.byteLength, context.recordBytesMax))
      }
      bytes += storedBytes(record.byteLength)
    }
    if (bytes > batchBytesLimit) return Promise.reject(tooLarge(bytes, batchBytesLimit))
    // One append that is larger than the whole queue passes when nothing else waits, or it never would.
    if (this.#queueBytes > 0 && this.#queueBytes + bytes > context.queueBytesMax) {
      const details = { bytes: this.#queueBytes }
      return Promise.reject(new EngineError('MILLRACE_LOG_OVERLOADED', details))
    }
    this.#queueBytes += bytes
    const done = this.#batchFor(bytes).add(records, bytes)
    this.#running ??= this.#run()
    return done
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running
    await this.#state.active?.settled()
  }

  /** Refuses what has not been taken up yet. */
  rejectPending(error: EngineError): void {
    for (const batch of this.#pending.splice(0)) {
      this.#queueBytes -= batch.byteLength - batchHeaderBytes
      batch.reject(error)
    }
  }

  async close(): Promise<void> {
    await this.settled()
    clearTimeout(this.#markTimer)
    await this.#roller.close()
  }

  #batchFor(bytes: number): PendingBatch {
    const last = this.#pending.at(-1)
    if (last && last.byteLength + bytes <= this.#state.context.batchBytesMax) return last
    const batch = new PendingBatch(
      Math.max(this.#bufferBytes, batchHeaderBytes + bytes),
      this.#state.context.crc32c
    )
    this.#pending.push(batch)
    return batch
  }

  async #run(): Promise<void> {
    clearTimeout(this.#markTimer)
    // Appends made in the same turn of the event loop share the first write.
    await new Promise(setImmediate)
    for (let batch = this.#pending.shift(); batch; batch = this.#pending.shift()) {
      await this.#commit(batch)
      this.#queueBytes -= batch.byteLength - batchHeaderBytes
    }
    this.#running = undefined
    const { context, end } = this.#state
    if (!context.syncs || end === this.#markedEnd || context.endMarkMs === Infinity) return
    this.#markTimer = setTimeout(() => {
      this.#running ??= this.#markEnd()
    }, context.endMarkMs).unref()
  }

  /** Takes its turn as a batch would: a mark that came late would overwrite one. */
  async #markEnd(): Promise<void> {
    const state = this.#state
    if (!this.#isBroken && state.active?.poisoned === undefined && !state.damage) {
      this.#markedEnd = state.end
      await writeEndMark(state).catch((error: unknown) => {
        const details = { file: state.active?.path ?? state.folder, reason: String(error) }
        state.context.onEvent({ kind: 'background.failed', details })
      })
    }
    this.#running = this.#pending.length > 0 ? this.#run() : undefined
  }

  async #commit(batch: PendingBatch): Promise<void> {
    const state = this.#state
    let segment: LogSegment
    try {
      if (state.isManifestDue) await state.refreshManifest()
      if (this.#isBroken || state.active?.poisoned) await this.#repair()
      segment = await this.#roller.segmentFor(batch.byteLength)
      if (batch.byteLength < largeBatchBytes)
        await segment.reserve(segment.durableBytes + batch.byteLength)
      else await segment.settled()
    } catch (error) {
      // Nothing of this batch has reached a file.
      this.#fail(batch, state.damage ?? state.failure(error))
      return
    }
    const timeMs = Math.max(state.lastTimeMs, Math.floor(state.context.clock()))
    const bytes = batch.seal({
      baseOffset: state.end,
      epoch: state.epoch,
      durableThrough: state.syncedEnd,
      appendTimeMs: timeMs,
      prevBodyCrc: state.lastBodyCrc,
      segmentId: segment.id
    })
    try {
      await this.#write(segment, bytes)
    } catch (error) {
      await this.#takeBack(batch, error)
      return
    }
    this.#publish(segment, batch, bytes, timeMs)
  }

  async #write(segment: LogSegment, bytes: Uint8Array): Promise<void> {
    const file = await segment.file()
    if (!this.#state.context.syncs) return writeFully(file, bytes, segment.durableBytes)
    const startedMs = performance.now()
    try {
      await file.writeDurably(bytes, segment.durableBytes)
      await segment.zerosSynced()
    } catch (error) {
      segment.poisoned = error
      throw error
    }
    this.syncCount++
    this.syncSeconds += (performance.now() - startedMs) / 1000
  }

  #publish(segment: LogSegment, batch: PendingBatch, bytes: Uint8Array, timeMs: number): void {
    const state = this.#state
    const baseOffset = state.end
    segment.index.add(baseOffset, segment.durableBytes, timeMs)
    if (segment.endOffset === segment.firstOffset) segment.firstTimeMs = timeMs
    segment.lastTimeMs = timeMs
    segment.durableBytes += bytes.byteLength
    state.lastTimeMs = timeMs
    state.lastBodyCrc = batch.bodyCrc
    state.end = baseOffset + batch.count
    segment.endOffset = state.end
    if (state.context.syncs) state.syncedEnd = state.end
    state.context.tailCache.add(state.tail, { baseOffset, count: batch.count, timeMs, bytes })
    // The next buffer is made for as much as this one held, within the bound.
    this.#bufferBytes = Math.max(
      bufferBytesMin,
      Math.min(bytes.byteLength, state.context.batchBytesMax)
    )
    batch.resolve(baseOffset)
    state.waiters.wakeBelow(state.end)
  }

  /**
   * A rejected append must never be read, not even by a recovery: the tail is taken back before the
   * caller hears of the failure. When that fails too, nobody can tell, and the error says so.
   */
  async #takeBack(batch: PendingBatch, cause: unknown): Promise<void> {
    const { topic, partition } = this.#state
    this.#isBroken = true
    const failure = this.#state.failure(cause)
    try {
      await this.#repair()
    } catch {
      const details = { topic, partition, reason: failure.message }
      this.#fail(batch, new EngineError('MILLRACE_LOG_OUTCOME_UNKNOWN', details, { cause }))
      return
    }
    this.#fail(batch, failure)
  }

  /** Cuts the file back to the durable end. Throws when the partition stays broken. */
  async #repair(): Promise<void> {
    const segment = this.#state.active
    if (segment === undefined) return
    await segment.settled()
    const mustReread = segment.poisoned !== undefined
    // A failed sync is reported once and its pages count as clean: only a new handle may sync again.
    if (mustReread) await segment.close()
    const file = await segment.file()
    await file.truncate(segment.durableBytes)
    segment.allocatedBytes = segment.durableBytes
    try {
      await file.sync()
    } catch (error) {
      segment.poisoned = error
      throw error
    }
    if (mustReread) await this.#reread(segment)
    segment.poisoned = undefined
    this.#isBroken = false
    const { topic, partition, end } = this.#state
    const details = { topic, partition, offset: end }
    this.#state.context.onEvent({ kind: 'partition.repaired', details })
  }

  async #reread(segment: LogSegment): Promise<void> {
    const state = this.#state
    const scan = await scanSegment({
      file: await segment.file(),
      segmentId: segment.id,
      firstOffset: segment.firstOffset,
      prevBodyCrc: segment.prevBodyCrc,
      crc32c: state.context.crc32c
    })
    if (scan.offset === state.end && scan.prevBodyCrc === state.lastBodyCrc) return
    state.damage = segment.damaged(
      scan.position,
      `after a failed sync, ${scan.reason}`,
      scan.offset
    )
    state.waiters.rejectAll(state.damage)
    throw state.damage
  }

  #fail(batch: PendingBatch, error: EngineError): void {
    const { topic, partition, context } = this.#state
    context.onEvent({
      kind: 'append.failed',
      details: { topic, partition, records: batch.count, reason: error.message }
    })
    batch.reject(error)
  }
}

function tooLarge(bytes: number, limit: number): EngineError {
  return new EngineError('MILLRACE_LOG_RECORD_TOO_LARGE', { bytes, limit })
}
