import type { EngineError } from '../../src/errors/index.ts'
import type { Crc32c } from '../crc32c.ts'
import { writeOffsets } from '../offsets.ts'
import {
  batchHeaderBytes,
  recordHeaderBytes,
  storedBytes,
  writeBatchHeader
} from './batch-format.ts'

/**
 * A batch that is still growing. Records are copied and summed when they are appended, while the
 * disk is busy with the batch before; only the header waits for the offset.
 */
export class PendingBatch {
  #bytes: Uint8Array
  #words: Uint32Array
  #used = batchHeaderBytes
  #count = 0
  #bodyCrc = 0
  readonly #crc32c: Crc32c
  readonly #appends: PendingAppend[] = []

  constructor(expectedBytes: number, crc32c: Crc32c) {
    this.#bytes = Buffer.allocUnsafeSlow(expectedBytes)
    this.#words = new Uint32Array(this.#bytes.buffer, 0, expectedBytes >>> 2)
    this.#crc32c = crc32c
  }

  get byteLength(): number {
    return this.#used
  }

  get count(): number {
    return this.#count
  }

  get bodyCrc(): number {
    return this.#bodyCrc
  }

  add(records: readonly Uint8Array[], bytes: number): Promise<BigUint64Array> {
    this.#reserve(bytes)
    const start = this.#used
    for (const record of records) this.#copy(record)
    this.#bodyCrc = this.#crc32c(this.#bytes.subarray(start, this.#used), this.#bodyCrc)
    this.#count += records.length
    return new Promise((resolve, reject) => {
      this.#appends.push({ count: records.length, resolve, reject })
    })
  }

  /** Stamps the header; the batch must not grow any more. @returns the bytes to be written */
  seal(stamp: BatchStamp): Uint8Array {
    // A buffer that is mostly slack would waste the memory of the tail's cache.
    const isSlack = this.#used * 2 < this.#bytes.byteLength
    const batch = isSlack
      ? new Uint8Array(this.#bytes.subarray(0, this.#used))
      : this.#bytes.subarray(0, this.#used)
    const header = { ...stamp, length: this.#used, count: this.#count, bodyCrc: this.#bodyCrc }
    writeBatchHeader(batch, header, this.#crc32c)
    return batch
  }

  resolve(baseOffset: number): void {
    let first = baseOffset
    for (const append of this.#appends) {
      const offsets = new BigUint64Array(append.count)
      writeOffsets(offsets, 0, first, append.count)
      first += append.count
      append.resolve(offsets)
    }
  }

  reject(error: EngineError): void {
    for (const append of this.#appends) append.reject(error)
  }

  #copy(record: Uint8Array): void {
    const at = this.#used
    const end = at + storedBytes(record.byteLength)
    this.#words[at >>> 2] = record.byteLength
    this.#words[(at >>> 2) + 1] = 0
    if (end > at + recordHeaderBytes) {
      // The buffer comes unzeroed; the record overwrites what is not padding.
      this.#words[(end >>> 2) - 2] = 0
      this.#words[(end >>> 2) - 1] = 0
      this.#bytes.set(record, at + recordHeaderBytes)
    }
    this.#used = end
  }

  #reserve(bytes: number): void {
    const needed = this.#used + bytes
    if (needed <= this.#bytes.byteLength) return
    const grown = Buffer.allocUnsafeSlow(
      Math.max(needed, Math.min(this.#bytes.byteLength * 2, 0x40000000))
    )
    grown.set(this.#bytes.subarray(0, this.#used))
    this.#bytes = grown
    this.#words = new Uint32Array(grown.buffer, 0, grown.byteLength >>> 2)
  }
}

export interface BatchStamp {
  readonly baseOffset: number
  readonly epoch: number
  readonly durableThrough: number
  readonly appendTimeMs: number
  readonly prevBodyCrc: number
  readonly segmentId: bigint
}

interface PendingAppend {
  readonly count: number
  readonly resolve: (offsets: BigUint64Array) => void
  readonly reject: (error: EngineError) => void
}
