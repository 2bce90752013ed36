/** All time that actors see, so that tests and simulations can drive it. */
export interface Clock {
  nowMs(): number
  /** @returns a function that cancels the call */
  after(delayMs: number, call: () => void): () => void
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, call) {
    const timer = setTimeout(call, delayMs)
    return () => clearTimeout(timer)
  }
}

/** Pauses before attempt 1, 2, 3…: doubling from `firstMs`, at most `mostMs`. */
export function backoffMs(attempt: number, firstMs = 100, mostMs = 30_000): number {
  return Math.min(mostMs, firstMs * 2 ** Math.max(0, attempt - 1))
}
