/** Shares of the appends, 0 to 1, that meet with each fault. */
export interface MemoryFaultRates {
  readonly slow?: number
  /** Longest delay of a slow append, default 10. */
  readonly slowMsMax?: number
  readonly full?: number
  readonly failed?: number
  /** The append is rejected with MILLRACE_LOG_OUTCOME_UNKNOWN; a coin decides whether it was kept. */
  readonly unknown?: number
  /** The records are in the log twice. */
  readonly duplicated?: number
}

export type MemoryFault = 'full' | 'failed' | 'unknownLost' | 'unknownKept' | 'duplicated'

/** Draws faults from a seed: the same seed and calls give the same faults. */
export class MemoryFaults {
  rates: MemoryFaultRates
  #state: number
  readonly #sleep: (ms: number) => Promise<void>

  constructor(
    seed: number,
    rates: MemoryFaultRates,
    sleep: (ms: number) => Promise<void> = byTimer
  ) {
    this.#state = seed >>> 0
    this.rates = rates
    this.#sleep = sleep
  }

  /** Waits when the append is to be slow. @returns what is to happen to it */
  async next(): Promise<MemoryFault | undefined> {
    const {
      slow = 0,
      slowMsMax = 10,
      full = 0,
      failed = 0,
      unknown = 0,
      duplicated = 0
    } = this.rates
    // Every append draws as often, so that one rate does not shift the faults of another.
    const [slowDraw, delayDraw, faultDraw, keptDraw] = [
      this.#random(),
      this.#random(),
      this.#random(),
      this.#random()
    ]
    if (slowDraw < slow) await this.#sleep(delayDraw * slowMsMax)
    if (faultDraw < full) return 'full'
    if (faultDraw < full + failed) return 'failed'
    if (faultDraw < full + failed + unknown) return keptDraw < 0.5 ? 'unknownKept' : 'unknownLost'
    if (faultDraw < full + failed + unknown + duplicated) return 'duplicated'
    return undefined
  }

  /** Mulberry32. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

function byTimer(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
