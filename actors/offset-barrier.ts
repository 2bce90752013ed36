import type { Clock } from './clock.ts'

interface Waiter {
  readonly offset: bigint
  readonly release: () => void
}

/**
 * Reads that wait for a replica to apply an offset, released by the apply loop. A read waits once for each shard,
 * so `limits.requestsInFlight` is also the limit of those who wait here.
 */
export class OffsetBarrier {
  private readonly clock: Clock
  private readonly waiters = new Set<Waiter>()
  private nextOffset = 0n
  private isClosed = false

  constructor(clock: Clock) {
    this.clock = clock
  }

  advance(nextOffset: bigint): void {
    this.nextOffset = nextOffset
    for (const waiter of this.waiters) if (waiter.offset < nextOffset) waiter.release()
  }

  /**
   * @returns undefined once `offset` was applied, else how many records are missing after `timeoutMs`, or at once
   *          when the barrier is closed
   */
  reach(offset: bigint, timeoutMs: number): Promise<number | undefined> {
    if (this.isClosed || offset < this.nextOffset) return Promise.resolve(this.missing(offset))
    return new Promise((resolve) => {
      const leave = () => {
        cancel()
        this.waiters.delete(waiter)
        resolve(this.missing(offset))
      }
      const cancel = this.clock.after(timeoutMs, leave)
      const waiter: Waiter = { offset, release: leave }
      this.waiters.add(waiter)
    })
  }

  /** Releases everyone, and lets nobody wait from now on. */
  close(): void {
    this.isClosed = true
    for (const waiter of this.waiters) waiter.release()
  }

  private missing(offset: bigint): number | undefined {
    return offset < this.nextOffset ? undefined : Number(offset - this.nextOffset) + 1
  }
}
