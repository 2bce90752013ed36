import type { Log, LogBatch } from '../streams/index.ts'
import type { EngineShard } from './shard-engine.ts'
import type { Turns } from './turns.ts'

const readBytesMax = 4 << 20
/** While writes go on, so many times it comes up to the serving shard before it holds that one. */
const approachesMax = 4

export interface CatchUpOptions {
  readonly log: Log
  readonly topic: string
  readonly shard: number
  readonly live: EngineShard
  readonly successor: EngineShard
  /** Of the shard that serves: one apply at a time. */
  readonly applyTurns: Turns
  readonly signal: AbortSignal
  /** Called after each batch. */
  readonly onApplied: (records: number, lagRecords: number) => void
}

/** Brings a native shard up to the one that serves, by the log that both are made of. */
export class CatchUp {
  readonly #options: CatchUpOptions

  constructor(options: CatchUpOptions) {
    this.#options = options
  }

  /** Until it has what the serving shard has, or has come near it several times while that one went on. */
  async approach(): Promise<void> {
    const { live, signal } = this.#options
    for (let approaches = 0; approaches < approachesMax; ) {
      signal.throwIfAborted()
      const end = live.state().nextOffset
      if (this.#nextOffset() >= end) break
      await this.#replayBatch(end)
      if (this.#nextOffset() >= end) approaches += 1
    }
  }

  /** Holds the serving shard at an offset for what it has applied since; reads of it go on. Then both are at that offset. */
  meet(swap: (offset: bigint) => void): Promise<void> {
    return this.#options.applyTurns.run(async () => {
      const end = this.#options.live.state().nextOffset
      while (this.#nextOffset() < end) await this.#replayBatch(end)
      swap(end)
    })
  }

  #nextOffset(): bigint {
    return this.#options.successor.state().nextOffset
  }

  async #replayBatch(end: bigint): Promise<void> {
    const { log, topic, shard, successor, signal } = this.#options
    const from = this.#nextOffset()
    const whole = await log.read(topic, shard, from, { maxBytes: readBytesMax })
    signal.throwIfAborted()
    if (whole.count === 0) throw new Error(`the log has nothing from offset ${from} to ${end}`)
    const batch = cutAt(whole, end)
    const applied = await successor.apply(batch)
    if (applied.stop !== undefined) throw applied.stop
    this.#options.onApplied(batch.count, Number(end - batch.nextOffset))
  }
}

/** The records of a batch below an offset. */
function cutAt(batch: LogBatch, end: bigint): LogBatch {
  const { offsets } = batch
  const count = offsets.findIndex((offset) => offset >= end)
  return count < 0
    ? batch
    : { ...batch, count, offsets: offsets.subarray(0, count), nextOffset: end }
}
