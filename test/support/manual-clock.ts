import type { Clock } from '../../actors/index.ts'

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs = 0
  #calls: { readonly atMs: number; readonly call: () => void }[] = []

  nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, call: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, call }
    this.#calls.push(timer)
    return () => {
      this.#calls = this.#calls.filter((one) => one !== timer)
    }
  }

  /** Calls whatever is due on the way, in order, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms
    await settle()
    for (;;) {
      const due = this.#calls
        .filter(({ atMs }) => atMs <= untilMs)
        .toSorted((a, b) => a.atMs - b.atMs)[0]
      if (due === undefined) break
      this.#calls = this.#calls.filter((one) => one !== due)
      this.#nowMs = due.atMs
      due.call()
      await settle()
    }
    this.#nowMs = untilMs
  }
}

/** Every promise that waits for nothing outside is settled afterwards. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
