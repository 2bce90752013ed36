import type { LogBatch } from './log.ts'
import { writeOffsets } from './offsets.ts'

/** Collects where records lie in one buffer, and makes the `LogBatch` of them. */
export class LogBatchBuilder {
  #count = 0
  #positions = new Uint32Array(64)
  #lengths = new Uint32Array(64)
  #offsets = new BigUint64Array(64)
  #times = new Float64Array(64)

  get count(): number {
    return this.#count
  }

  add(offset: number, position: number, length: number, timeMs: number): void {
    const i = this.#count
    if (i === this.#positions.length) this.#grow()
    writeOffsets(this.#offsets, i, offset, 1)
    this.#positions[i] = position
    this.#lengths[i] = length
    this.#times[i] = timeMs
    this.#count = i + 1
  }

  finish(bytes: Uint8Array, nextOffset: number, endOffset: number): LogBatch {
    const count = this.#count
    return {
      bytes,
      count,
      offsets: this.#offsets.subarray(0, count),
      positions: this.#positions.subarray(0, count),
      lengths: this.#lengths.subarray(0, count),
      appendTimesMs: this.#times.subarray(0, count),
      nextOffset: BigInt(nextOffset),
      endOffset: BigInt(endOffset)
    }
  }

  #grow(): void {
    const size = this.#positions.length * 2
    const positions = new Uint32Array(size)
    const lengths = new Uint32Array(size)
    const offsets = new BigUint64Array(size)
    const times = new Float64Array(size)
    positions.set(this.#positions)
    lengths.set(this.#lengths)
    offsets.set(this.#offsets)
    times.set(this.#times)
    this.#positions = positions
    this.#lengths = lengths
    this.#offsets = offsets
    this.#times = times
  }
}
