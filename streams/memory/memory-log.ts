import { EngineError } from '../../src/errors/index.ts'
import type { Log, LogBatch, LogEnds, ReadOptions, TopicInfo, WaitOptions } from '../log.ts'
import { LogBatchBuilder } from '../log-batch.ts'
import { checkTopicName, offsetNumber, unknownTopic } from '../offsets.ts'
import { type MemoryFaultRates, MemoryFaults } from './memory-faults.ts'
import { MemoryPartition } from './memory-partition.ts'

export interface MemoryLogOptions {
  /** What an earlier log of this process left; a new one when absent. */
  readonly store?: MemoryStore
  readonly recordBytesMax?: number
  readonly queueBytesMax?: number
  readonly clock?: () => number
  /** The same seed gives the same faults for the same calls. */
  readonly seed?: number
  readonly faults?: MemoryFaultRates
  /** Ends a slow append's wait; default a timer. */
  readonly sleep?: (ms: number) => Promise<void>
}

/** What survives a `close` or a `crash` of the log. */
export class MemoryStore {
  readonly topics = new Map<string, readonly MemoryPartition[]>()
}

/** The log in memory, for tests and simulation. */
export class MemoryLog implements Log {
  readonly driver = 'memory'
  readonly store: MemoryStore
  /** May be changed while the log runs; the seed's sequence goes on. */
  readonly faults: MemoryFaults
  readonly #recordBytesMax: number
  readonly #queueBytesMax: number
  readonly #clock: () => number
  #isClosed = false
  #life = {}

  constructor(options: MemoryLogOptions = {}) {
    this.store = options.store ?? new MemoryStore()
    this.faults = new MemoryFaults(options.seed ?? 1, options.faults ?? {}, options.sleep)
    this.#recordBytesMax = options.recordBytesMax ?? 8 * 1024 * 1024
    this.#queueBytesMax = options.queueBytesMax ?? 64 * 1024 * 1024
    this.#clock = options.clock ?? Date.now
  }

  async createTopic(topic: string, options: { readonly partitions: number }): Promise<void> {
    this.#refuseWhenClosed()
    checkTopicName(topic)
    const wanted = options.partitions
    const existing = this.store.topics.get(topic)?.length ?? 0
    if (existing === wanted && wanted > 0) return
    if (existing > 0 || !Number.isInteger(wanted) || wanted < 1) {
      throw new EngineError('MILLRACE_LOG_TOPIC_MISMATCH', { topic, wanted, existing })
    }
    const partitions = Array.from({ length: wanted }, (_, i) => new MemoryPartition(topic, i))
    this.store.topics.set(topic, partitions)
  }

  async deleteTopic(topic: string): Promise<void> {
    this.#refuseWhenClosed()
    const partitions = this.store.topics.get(topic)
    this.store.topics.delete(topic)
    partitions?.forEach((partition, i) => {
      partition.end(unknownTopic(topic, i))
    })
  }

  async topics(): Promise<readonly TopicInfo[]> {
    this.#refuseWhenClosed()
    return [...this.store.topics].map(([topic, { length }]) => ({ topic, partitions: length }))
  }

  async append(
    topic: string,
    partition: number,
    records: readonly Uint8Array[]
  ): Promise<BigUint64Array> {
    const found = this.#partition(topic, partition)
    for (const { byteLength: bytes } of records) {
      const limit = this.#recordBytesMax
      if (bytes > limit) throw new EngineError('MILLRACE_LOG_RECORD_TOO_LARGE', { bytes, limit })
    }
    const bytes = records.reduce((sum, record) => sum + record.byteLength, 0)
    if (found.queueBytes > 0 && found.queueBytes + bytes > this.#queueBytesMax) {
      throw new EngineError('MILLRACE_LOG_OVERLOADED', { bytes: found.queueBytes })
    }
    const life = this.#life
    const copies = records.map((record) => record.slice())
    return found.enqueue(bytes, async () => {
      const fault = await this.faults.next()
      if (life !== this.#life) throw new EngineError('MILLRACE_LOG_CLOSED')
      const reason = 'a seeded fault'
      if (fault === 'full') throw new EngineError('MILLRACE_LOG_FULL', { file: found.name })
      if (fault === 'failed')
        throw new EngineError('MILLRACE_LOG_FAILED', { file: found.name, reason })
      if (fault === 'unknownLost') throw unknownOutcome(topic, partition, reason)
      const offsets = found.add(copies, this.#clock())
      if (fault === 'duplicated') found.add(copies, this.#clock())
      if (fault === 'unknownKept') throw unknownOutcome(topic, partition, reason)
      return offsets
    })
  }

  async read(
    topic: string,
    partition: number,
    from: bigint,
    options: ReadOptions
  ): Promise<LogBatch> {
    return this.#partition(topic, partition).read(from, options.maxBytes, new LogBatchBuilder())
  }

  async waitForMore(
    topic: string,
    partition: number,
    from: bigint,
    options?: WaitOptions
  ): Promise<boolean> {
    const found = this.#partition(topic, partition)
    const offset = offsetNumber(from)
    return offset < found.endOffset || found.waiters.wait(offset, options)
  }

  async ends(topic: string, partition: number): Promise<LogEnds> {
    const { startOffset, endOffset } = this.#partition(topic, partition)
    return { start: BigInt(startOffset), end: BigInt(endOffset) }
  }

  async offsetAt(topic: string, partition: number, timeMs: number): Promise<bigint> {
    return BigInt(this.#partition(topic, partition).offsetAt(timeMs))
  }

  async trimBefore(topic: string, partition: number, offset: bigint): Promise<void> {
    this.#partition(topic, partition).trimBefore(offsetNumber(offset))
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const partitions = [...this.store.topics.values()].flat()
    for (const partition of partitions) {
      partition.waiters.rejectAll(new EngineError('MILLRACE_LOG_CLOSED'))
    }
    await Promise.all(partitions.map((partition) => partition.settled()))
  }

  /** Ends the log as a crash does: appends that were not acknowledged are lost. `store` opens again. */
  crash(): void {
    this.#isClosed = true
    this.#life = {}
    for (const partition of [...this.store.topics.values()].flat()) {
      partition.waiters.rejectAll(new EngineError('MILLRACE_LOG_CLOSED'))
    }
  }

  #partition(topic: string, partition: number): MemoryPartition {
    this.#refuseWhenClosed()
    const found = this.store.topics.get(topic)?.[partition]
    if (found === undefined) throw unknownTopic(topic, partition)
    return found
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed) throw new EngineError('MILLRACE_LOG_CLOSED')
  }
}

export function openMemoryLog(options: MemoryLogOptions = {}): MemoryLog {
  return new MemoryLog(options)
}

function unknownOutcome(topic: string, partition: number, reason: string): EngineError {
  return new EngineError('MILLRACE_LOG_OUTCOME_UNKNOWN', { topic, partition, reason })
}
