import type { EngineError } from '../src/errors/index.ts'
import type { WaitOptions } from './log.ts'

/** Those who wait for a partition to grow. They wake when records are durable, never before. */
export class Waiters {
  readonly #waiting = new Set<Waiter>()

  /** @returns true once the partition's end has passed `from`, false when the time or the signal ends the wait */
  wait(from: number, options: WaitOptions = {}): Promise<boolean> {
    const { timeoutMs, signal } = options
    if (signal?.aborted || (timeoutMs !== undefined && timeoutMs <= 0))
      return Promise.resolve(false)
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        this.#waiting.delete(waiter)
        clearTimeout(timer)
        signal?.removeEventListener('abort', giveUp)
        settle()
      }
      const giveUp = () => finish(() => resolve(false))
      const waiter: Waiter = {
        from,
        wake: () => finish(() => resolve(true)),
        reject: (error) => finish(() => reject(error))
      }
      // setTimeout fires at once for longer times than 31 bits of milliseconds.
      const timer =
        timeoutMs === undefined || timeoutMs > 0x7fffffff
          ? undefined
          : setTimeout(giveUp, timeoutMs)
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#waiting.add(waiter)
    })
  }

  wakeBelow(end: number): void {
    for (const waiter of this.#waiting) if (waiter.from < end) waiter.wake()
  }

  rejectAll(error: EngineError): void {
    for (const waiter of this.#waiting) waiter.reject(error)
  }
}

interface Waiter {
  readonly from: number
  readonly wake: () => void
  readonly reject: (error: EngineError) => void
}
