/** Bounds the files that stay open for readers: past the limit, the one used longest ago is closed. */
export class OpenFiles {
  readonly #filesMax: number
  /** in the order of their last use */
  readonly #closables = new Set<Closable>()

  constructor(filesMax: number) {
    this.#filesMax = Math.max(1, filesMax)
  }

  used(one: Closable): void {
    this.#closables.delete(one)
    this.#closables.add(one)
    for (const oldest of this.#closables) {
      if (this.#closables.size <= this.#filesMax) return
      this.#closables.delete(oldest)
      void oldest.close()
    }
  }

  forget(one: Closable): void {
    this.#closables.delete(one)
  }
}

interface Closable {
  /** Closes the file once nobody reads it; the next use opens it again. */
  close(): Promise<void>
}
