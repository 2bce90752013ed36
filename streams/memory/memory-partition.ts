import { EngineError } from '../../src/errors/index.ts'
import type { LogBatch } from '../log.ts'
import type { LogBatchBuilder } from '../log-batch.ts'
import { offsetNumber, writeOffsets } from '../offsets.ts'
import { Waiters } from '../waiters.ts'

/** The records of one partition; appends take effect in the order of their calls. */
export class MemoryPartition {
  readonly topic: string
  readonly partition: number
  readonly waiters = new Waiters()
  startOffset = 0
  queueBytes = 0
  #records: { readonly bytes: Uint8Array; readonly timeMs: number }[] = []
  #lastTimeMs = 0
  #appends: Promise<unknown> = Promise.resolve()
  #gone: EngineError | undefined

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get name(): string {
    return `${this.topic}/${this.partition}`
  }

  get endOffset(): number {
    return this.startOffset + this.#records.length
  }

  enqueue<T>(bytes: number, run: () => Promise<T>): Promise<T> {
    this.queueBytes += bytes
    const done = this.#appends.then(() => {
      if (this.#gone) throw this.#gone
      return run()
    })
    this.#appends = done
      .catch(() => {})
      .then(() => {
        this.queueBytes -= bytes
      })
    return done
  }

  add(records: readonly Uint8Array[], timeMs: number): BigUint64Array {
    if (this.#gone) throw this.#gone
    this.#lastTimeMs = Math.max(this.#lastTimeMs, Math.floor(timeMs))
    const offsets = new BigUint64Array(records.length)
    writeOffsets(offsets, 0, this.endOffset, records.length)
    for (const bytes of records) this.#records.push({ bytes, timeMs: this.#lastTimeMs })
    this.waiters.wakeBelow(this.endOffset)
    return offsets
  }

  read(from: bigint, maxBytes: number, builder: LogBatchBuilder): LogBatch {
    const { startOffset: start, endOffset: end, topic, partition } = this
    const offset = offsetNumber(from)
    if (offset < start || offset > end) {
      const details = { offset: from, topic, partition, start, end }
      throw new EngineError('MILLRACE_LOG_OFFSET_OUT_OF_RANGE', details)
    }
    let next = offset
    let size = 0
    for (; next < end; next++) {
      // `next` lies between the ends, so that there is a record.
      const record = this.#records[next - start] as { bytes: Uint8Array; timeMs: number }
      const stored = 8 + Math.ceil(record.bytes.byteLength / 8) * 8
      if (builder.count > 0 && size + stored > maxBytes) break
      builder.add(next, size, record.bytes.byteLength, record.timeMs)
      size += stored
    }
    const bytes = new Uint8Array(size)
    let at = 0
    for (const record of this.#records.slice(offset - start, next - start)) {
      bytes.set(record.bytes, at)
      at += 8 + Math.ceil(record.bytes.byteLength / 8) * 8
    }
    return builder.finish(bytes, next, end)
  }

  offsetAt(timeMs: number): number {
    const at = this.#records.findIndex((record) => record.timeMs >= timeMs)
    return at < 0 ? this.endOffset : this.startOffset + at
  }

  trimBefore(offset: number): void {
    const count = Math.min(offset, this.endOffset) - this.startOffset
    if (count <= 0) return
    this.#records = this.#records.slice(count)
    this.startOffset += count
  }

  end(reason: EngineError): void {
    this.#gone = reason
    this.waiters.rejectAll(reason)
  }

  async settled(): Promise<void> {
    await this.#appends
  }
}
