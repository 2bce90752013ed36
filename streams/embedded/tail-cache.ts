/** The newest durable batches of all partitions, within one bound; readers share the buffers. */
export class TailCache {
  readonly #bytesMax: number
  readonly #queue: (CachedBatch | undefined)[] = []
  #head = 0
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Adds the newest batch of a partition; `tail` stays a run without gaps that ends at its end. */
  add(tail: CachedBatch[], batch: Omit<CachedBatch, 'tail'>): void {
    const bytes = batch.bytes.buffer.byteLength
    const entry = { ...batch, tail }
    tail.push(entry)
    this.#queue.push(entry)
    this.#bytes += bytes
    while (this.#bytes > this.#bytesMax) this.#evict()
    this.#forgetEvicted()
  }

  /** Forgets everything: readers find it in the files. */
  clear(): void {
    while (this.#head < this.#queue.length) this.#evict()
    this.#forgetEvicted()
  }

  #forgetEvicted(): void {
    const isMostlyEmpty = this.#head > 1024 && this.#head * 2 > this.#queue.length
    if (!isMostlyEmpty && this.#head < this.#queue.length) return
    this.#queue.splice(0, this.#head)
    this.#head = 0
  }

  #evict(): void {
    const oldest = this.#queue[this.#head]
    if (oldest === undefined) return
    this.#queue[this.#head++] = undefined
    this.#bytes -= oldest.bytes.buffer.byteLength
    // The oldest of all is the oldest of its partition, unless that was deleted meanwhile.
    if (oldest.tail[0] === oldest) oldest.tail.shift()
  }
}

export interface CachedBatch {
  readonly baseOffset: number
  readonly count: number
  readonly timeMs: number
  /** The batch with its header. */
  readonly bytes: Uint8Array
  readonly tail: CachedBatch[]
}
