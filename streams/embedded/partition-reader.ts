import type { Crc32c } from '../crc32c.ts'
import { type LogFile, readFully } from '../files.ts'
import type { LogBatch } from '../log.ts'
import { LogBatchBuilder } from '../log-batch.ts'
import {
  type BatchHeader,
  batchHeaderBytes,
  bodyFault,
  readBatchHeader,
  recordHeaderBytes,
  storedBytes
} from './batch-format.ts'
import type { DiskRun } from './disk-run.ts'
import type { LogSegment } from './log-segment.ts'
import type { PartitionState } from './partition-state.ts'
import type { CachedBatch } from './tail-cache.ts'

const chunkBytesMin = 1024 * 1024
const runBytesMax = 64 * 1024 * 1024

/** Reads durable records: from the memory of the newest batches, or from the files. */
export class PartitionReader {
  readonly #state: PartitionState

  constructor(state: PartitionState) {
    this.#state = state
  }

  /** Forgets what is kept for those who read in small steps. */
  close(): void {
    this.#state.context.keptRuns.set(this, undefined)
  }

  async read(from: bigint, offset: number, maxBytes: number): Promise<LogBatch> {
    const state = this.#state
    const end = state.end
    if (offset < state.start || offset > end) throw state.outOfRange(from)
    if (offset === end) {
      if (state.damage) throw state.damage
      return new LogBatchBuilder().finish(new Uint8Array(0), offset, end)
    }
    const first = state.tail[0]
    if (first && offset >= first.baseOffset) return this.#readTail(offset, maxBytes, end)
    const segment = this.#segmentOf(offset)
    return segment.use((file) => this.#readFile(segment, file, offset, maxBytes))
  }

  /** @returns the first offset appended at or after `timeMs`, or the end */
  async offsetAt(timeMs: number): Promise<number> {
    const state = this.#state
    const segment = state.segments.find(
      (one) => one.lastTimeMs >= timeMs && one.endOffset > one.firstOffset
    )
    if (segment === undefined) return state.end
    return segment.use(async (file) => {
      const near = segment.index.floorTime(timeMs)
      let position = near?.position ?? batchHeaderBytes
      const limit = segment.durableBytes
      const bytes = new Uint8Array(batchHeaderBytes)
      while (position < limit) {
        await readFully(file, bytes, position)
        const header = readBatchHeader(bytes, 0, segment.id, state.context.crc32c)
        if (!header) throw segment.damaged(position, 'the header of a batch is damaged')
        segment.index.add(header.baseOffset, position, header.appendTimeMs)
        if (header.appendTimeMs >= timeMs) return Math.max(state.start, header.baseOffset)
        position += header.length
      }
      return segment.endOffset
    })
  }

  #segmentOf(offset: number): LogSegment {
    // A segment is found for every offset between start and end.
    return this.#state.segments.findLast((one) => one.firstOffset <= offset) as LogSegment
  }

  #readTail(offset: number, maxBytes: number, end: number): LogBatch {
    const tail = this.#state.tail
    const first = tailIndex(tail, offset)
    const builder = new LogBatchBuilder()
    const used: CachedBatch[] = []
    const room = { bytes: maxBytes }
    let next = offset
    let base = 0
    for (let i = first; i < tail.length; i++) {
      const batch = tail[i] as CachedBatch
      // A batch of its own is shared; several are copied together, which pays for small ones only.
      if (used.length > 0 && batch.bytes.byteLength > room.bytes) break
      const taken = takeRecords(builder, batch.bytes, base, batch, offset, room)
      if (taken.next === batch.baseOffset) break
      used.push(batch)
      base += batch.bytes.byteLength
      next = taken.next
      if (!taken.isWhole) break
    }
    const [only] = used
    const bytes = used.length === 1 && only ? only.bytes : joined(used, base)
    return builder.finish(bytes, next, end)
  }

  async #readFile(
    segment: LogSegment,
    file: LogFile,
    offset: number,
    maxBytes: number
  ): Promise<LogBatch> {
    const run = await this.#runAt(segment, file, offset, maxBytes)
    const builder = new LogBatchBuilder()
    const room = { bytes: maxBytes }
    let next = offset
    let isWhole = true
    for (const { header, at } of run.batches) {
      if (header.baseOffset + header.count <= offset) continue
      const body = run.bytes.subarray(at, at + header.length)
      const batch = {
        baseOffset: header.baseOffset,
        count: header.count,
        timeMs: header.appendTimeMs
      }
      const taken = takeRecords(builder, body, at, batch, offset, room)
      next = Math.max(next, taken.next)
      isWhole = taken.isWhole
      if (!isWhole) break
    }
    this.#state.context.keptRuns.set(this, isWhole ? undefined : run)
    // More may have become durable, and been read, while the file was opened.
    return builder.finish(run.bytes, next, this.#state.end)
  }

  async #runAt(
    segment: LogSegment,
    file: LogFile,
    offset: number,
    maxBytes: number
  ): Promise<DiskRun> {
    // A reader with a small limit comes back for the rest of what was read and checked.
    const kept = this.#state.context.keptRuns.get(this)
    if (kept && kept.segment === segment && kept.from <= offset && offset < kept.next) return kept
    const position = await this.#find(segment, file, offset)
    const limit = segment.durableBytes
    const wanted = Math.min(runBytesMax, Math.max(chunkBytesMin, maxBytes + batchHeaderBytes))
    let bytes = await this.#load(file, position, Math.min(wanted, limit - position))
    const first = this.#header(segment, bytes, 0, position, offset)
    if (first.length > bytes.byteLength) {
      if (position + first.length > limit) throw segment.damaged(position, 'a batch is cut', offset)
      bytes = await this.#load(file, position, first.length)
    }
    const batches: DiskRun['batches'] = []
    const { crc32c } = this.#state.context
    let next = first.baseOffset
    for (let at = 0; at + batchHeaderBytes <= bytes.byteLength; ) {
      const header = readBatchHeader(bytes, at, segment.id, crc32c)
      if (header && at + header.length > bytes.byteLength) break
      const fault = batchFault(bytes, at, header, next, crc32c)
      if (header === undefined || fault !== undefined) {
        // What lies before the damage was good and is served; the next read meets it first.
        if (next > offset) break
        throw segment.damaged(position + at, fault ?? 'the header of a batch is damaged', next)
      }
      batches.push({ header, at })
      segment.index.add(header.baseOffset, position + at, header.appendTimeMs)
      segment.hint = { offset: next + header.count, position: position + at + header.length }
      next += header.count
      at += header.length
    }
    return { segment, from: first.baseOffset, next, bytes, batches }
  }

  /** @returns the position of the batch that holds `offset` */
  async #find(segment: LogSegment, file: LogFile, offset: number): Promise<number> {
    const hint = segment.hint
    if (hint?.offset === offset) return hint.position
    const near = segment.index.floor(offset)
    let position = near?.position ?? batchHeaderBytes
    let expected = near?.offset ?? segment.firstOffset
    while (position < segment.durableBytes) {
      const length = Math.min(chunkBytesMin, segment.durableBytes - position)
      const bytes = await this.#load(file, position, length)
      let at = 0
      while (at + batchHeaderBytes <= bytes.byteLength) {
        const header = this.#header(segment, bytes, at, position + at, expected)
        if (header.baseOffset !== expected) {
          throw segment.damaged(position + at, 'a batch has a wrong offset', expected)
        }
        segment.index.add(header.baseOffset, position + at, header.appendTimeMs)
        if (offset < expected + header.count) return position + at
        expected += header.count
        at += header.length
      }
      if (at === 0) break
      position += at
    }
    throw segment.damaged(position, 'the log segment ends too early', expected)
  }

  #header(
    segment: LogSegment,
    bytes: Uint8Array,
    at: number,
    position: number,
    offset: number
  ): BatchHeader {
    const header = readBatchHeader(bytes, at, segment.id, this.#state.context.crc32c)
    if (header) return header
    throw segment.damaged(position, 'the header of a batch is damaged', offset)
  }

  async #load(file: LogFile, position: number, length: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafeSlow(length)
    return bytes.subarray(0, await readFully(file, bytes, position))
  }
}

function batchFault(
  bytes: Uint8Array,
  at: number,
  header: BatchHeader | undefined,
  expected: number,
  crc32c: Crc32c
): string | undefined {
  if (header === undefined) return 'the header of a batch is damaged'
  if (header.baseOffset !== expected) return 'a batch has another offset than expected'
  return bodyFault(bytes.subarray(at, at + header.length), header, crc32c)
}

/** Adds a batch's records from `offset` on while they fit; the first one of a read always does. */
function takeRecords(
  builder: LogBatchBuilder,
  body: Uint8Array,
  base: number,
  batch: { readonly baseOffset: number; readonly count: number; readonly timeMs: number },
  offset: number,
  room: { bytes: number }
): { readonly next: number; readonly isWhole: boolean } {
  const words = new Uint32Array(body.buffer, body.byteOffset, body.byteLength >>> 2)
  let at = batchHeaderBytes
  for (let i = 0; i < batch.count; i++) {
    // The words were checked when the batch was, or written by this process.
    const length = words[at >>> 2] as number
    const stored = storedBytes(length)
    const current = batch.baseOffset + i
    if (current >= offset) {
      if (stored > room.bytes && builder.count > 0) return { next: current, isWhole: false }
      room.bytes -= stored
      builder.add(current, base + at + recordHeaderBytes, length, batch.timeMs)
    }
    at += stored
  }
  return { next: batch.baseOffset + batch.count, isWhole: true }
}

function tailIndex(tail: readonly CachedBatch[], offset: number): number {
  let low = 0
  let high = tail.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((tail[middle] as CachedBatch).baseOffset <= offset) low = middle + 1
    else high = middle
  }
  return low - 1
}

function joined(batches: readonly CachedBatch[], bytes: number): Uint8Array {
  const all = Buffer.allocUnsafeSlow(bytes)
  let at = 0
  for (const batch of batches) {
    all.set(batch.bytes, at)
    at += batch.bytes.byteLength
  }
  return all
}
