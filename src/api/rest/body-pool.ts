/**
 * Memory for request bodies that is used again. Each new buffer would be external memory that only a full collection of
 * the JavaScript heap gives back: under a bulk load those took a quarter of the server's time.
 */
export class BodyPool {
  readonly #free = new Map<number, Buffer[]>()
  readonly #keptBytesMax: number
  #keptBytes = 0

  /** @param keptBytesMax  of buffers that wait to be used again; what comes back beyond that is let go */
  constructor(keptBytesMax: number) {
    this.#keptBytesMax = keptBytesMax
  }

  /** @returns a buffer of at least `bytes`, with whatever it held before */
  take(bytes: number): Buffer {
    const size = sizeClass(bytes)
    const kept = this.#free.get(size)?.pop()
    if (kept === undefined) return Buffer.allocUnsafeSlow(size)
    this.#keptBytes -= size
    return kept
  }

  /** @param buffer  taken before, and read by nobody any more */
  give(buffer: Buffer): void {
    const size = buffer.length
    if (this.#keptBytes + size > this.#keptBytesMax) return
    this.#keptBytes += size
    const list = this.#free.get(size)
    if (list === undefined) this.#free.set(size, [buffer])
    else list.push(buffer)
  }

  get keptBytes(): number {
    return this.#keptBytes
  }
}

const smallest = 64 << 10

/** Powers of two, so that few sizes serve all bodies. */
function sizeClass(bytes: number): number {
  let size = smallest
  while (size < bytes) size *= 2
  return size
}
