/** What readers in the middle of a batch keep of a file, within one bound; the run used longest ago goes first. */
export class KeptRuns<Run extends { readonly bytes: Uint8Array }> {
  readonly #bytesMax: number
  /** in the order of their last use */
  readonly #runs = new Map<object, Run>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get(owner: object): Run | undefined {
    return this.#runs.get(owner)
  }

  /** Keeps the newest run of an owner, or none. One that is larger than the bound is kept alone. */
  set(owner: object, run: Run | undefined): void {
    this.#drop(owner)
    if (run === undefined) return
    this.#runs.set(owner, run)
    this.#bytes += run.bytes.byteLength
    for (const oldest of this.#runs.keys()) {
      if (this.#bytes <= this.#bytesMax || oldest === owner) return
      this.#drop(oldest)
    }
  }

  #drop(owner: object): void {
    this.#bytes -= this.#runs.get(owner)?.bytes.byteLength ?? 0
    this.#runs.delete(owner)
  }
}
