/** Where batches of one segment start: sparse, in memory, rebuilt by whoever scans the segment. */
export class OffsetIndex {
  readonly #entries: IndexEntry[] = []
  readonly #everyBytes: number

  constructor(everyBytes = 128 * 1024) {
    this.#everyBytes = everyBytes
  }

  /** Takes note of a batch; ones too near to the last entry, or before it, are left out. */
  add(offset: number, position: number, timeMs: number): void {
    const last = this.#entries.at(-1)
    if (last !== undefined && position < last.position + this.#everyBytes) return
    this.#entries.push({ offset, position, timeMs })
  }

  /** @returns the last known batch that starts at or before `offset` */
  floor(offset: number): IndexEntry | undefined {
    return this.#entries[this.#count((entry) => entry.offset <= offset) - 1]
  }

  /** @returns the last known batch before the first that was appended at or after `timeMs` */
  floorTime(timeMs: number): IndexEntry | undefined {
    return this.#entries[Math.max(0, this.#count((entry) => entry.timeMs < timeMs) - 1)]
  }

  #count(holds: (entry: IndexEntry) => boolean): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      // `middle` lies between the two ends, so that there is an entry.
      if (holds(this.#entries[middle] as IndexEntry)) low = middle + 1
      else high = middle
    }
    return low
  }
}

export interface IndexEntry {
  readonly offset: number
  /** in the file, in bytes */
  readonly position: number
  readonly timeMs: number
}
