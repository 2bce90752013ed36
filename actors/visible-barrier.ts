import type { Clock } from './clock.ts'
import { OffsetBarrier } from './offset-barrier.ts'
import type { EngineShard } from './shard-engine.ts'

/** What is deferred becomes visible without anyone being told, while graphs grow. */
const lookEveryMs = 20

/** Reads that wait for an offset to be seen: applied, and where points are deferred, no longer deferred. */
export class VisibleBarrier {
  readonly #barrier: OffsetBarrier
  readonly #clock: Clock
  readonly #engine: () => Pick<EngineShard, 'state'>
  readonly #defers: () => boolean
  #applied = 0n
  #cancelLook: (() => void) | undefined
  #isClosed = false

  /** @param defers  whether points may be deferred now */
  constructor(options: {
    readonly clock: Clock
    readonly engine: () => Pick<EngineShard, 'state'>
    readonly defers: () => boolean
  }) {
    this.#clock = options.clock
    this.#engine = options.engine
    this.#defers = options.defers
    this.#barrier = new OffsetBarrier(options.clock)
  }

  /** @param nextOffset  everything below was applied, or there is nothing */
  advance(nextOffset: bigint): void {
    this.#applied = nextOffset
    if (this.#cancelLook === undefined) this.#look()
  }

  /** As OffsetBarrier.reach */
  reach(offset: bigint, timeoutMs: number): Promise<number | undefined> {
    return this.#barrier.reach(offset, timeoutMs)
  }

  close(): void {
    this.#isClosed = true
    this.#cancelLook?.()
    this.#barrier.close()
  }

  #look(): void {
    this.#cancelLook = undefined
    if (this.#isClosed) return
    const deferredFrom = this.#deferredFrom()
    this.#barrier.advance(deferredFrom ?? this.#applied)
    if (deferredFrom === undefined) return
    this.#cancelLook = this.#clock.after(lookEveryMs, () => this.#look())
  }

  #deferredFrom(): bigint | undefined {
    if (!this.#defers()) return undefined
    const { nextOffset, visibleOffset } = this.#engine().state()
    return visibleOffset < nextOffset ? visibleOffset : undefined
  }
}
