import type { Clock } from './clock.ts'

interface Waiter {
  readonly offset: bigint
  readonly release: () => void
}

/** Reads that wait for a replica to apply an offset, released by the apply loop. */
export class OffsetBarrier {
  private readonly clock: Clock
  private readonly waiters = new Set<Waiter>()
  private nextOffset = 0n

  constructor(clock: Clock) {
    this.clock = clock
  }

  advance(nextOffset: bigint): void {
    this.nextOffset = nextOffset
    for (const waiter of this.waiters) if (waiter.offset < nextOffset) waiter.release()
  }

  /** @returns undefined once `offset` was applied, else how many records are missing after `timeoutMs` */
  reach(offset: bigint, timeoutMs: number): Promise<number | undefined> {
    if (offset < this.nextOffset) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const leave = () => {
        cancel()
        this.waiters.delete(waiter)
        resolve(offset < this.nextOffset ? undefined : Number(offset - this.nextOffset) + 1)
      }
      const cancel = this.clock.after(timeoutMs, leave)
      const waiter: Waiter = { offset, release: leave }
      this.waiters.add(waiter)
    })
  }

  close(): void {
    for (const waiter of this.waiters) waiter.release()
  }
}
