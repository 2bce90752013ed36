import { EngineError } from '../../src/errors/index.ts'
import { MemoryLog, MemoryStore } from '../../streams/index.ts'
import type { Random } from '../support/random.ts'
import { Host, type Scheduler } from './scheduler.ts'

/** The log that all nodes share: the memory log with its faults, and crashes of the whole service. */
export class LogService {
  readonly host: Host
  readonly store = new MemoryStore()
  /** A node that slept through a deletion may make the topic once more, and deletes it when it hears of it. */
  readonly deletedTopics = new Set<string>()
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #seed: number
  #memory: MemoryLog | undefined
  #lives = 0
  /** Share of the appends of several records that are torn: the front is kept and the outcome is unknown. */
  tornRate = 0
  rates: MemoryLog['faults']['rates'] = {}

  constructor(scheduler: Scheduler, random: Random, seed: number) {
    this.#scheduler = scheduler
    this.#random = random
    this.#seed = seed
    this.host = new Host(scheduler, 'log')
    this.open()
  }

  open(): void {
    if (this.#memory !== undefined) return
    this.#lives += 1
    this.#memory = new MemoryLog({
      store: this.store,
      seed: this.#seed + this.#lives,
      faults: this.rates,
      clock: () => 1_700_000_000_000 + this.#scheduler.nowMs,
      sleep: (ms) => this.#scheduler.wait(ms, this.host, 'slow disk')
    })
  }

  crash(): void {
    this.#memory?.crash()
    this.#memory = undefined
  }

  setFaults(rates: MemoryLog['faults']['rates'], tornRate: number): void {
    this.rates = rates
    this.tornRate = tornRate
    if (this.#memory !== undefined) this.#memory.faults.rates = rates
  }

  /** @throws MILLRACE_LOG_FAILED while it is down */
  memory(): MemoryLog {
    if (this.#memory === undefined) throw logFailed('the log is down')
    return this.#memory
  }

  deleteTopic(topic: string): Promise<void> {
    const memory = this.memory()
    this.deletedTopics.add(topic)
    return memory.deleteTopic(topic)
  }

  async append(topic: string, partition: number, records: readonly Uint8Array[]) {
    const draw = this.#random.next()
    if (records.length < 2 || draw >= this.tornRate)
      return this.memory().append(topic, partition, records)
    await this.memory().append(topic, partition, records.slice(0, 1))
    const reason = 'a torn append'
    throw new EngineError('MILLRACE_LOG_OUTCOME_UNKNOWN', { topic, partition, reason })
  }
}

export function logFailed(reason: string): EngineError {
  return new EngineError('MILLRACE_LOG_FAILED', { file: 'log', reason })
}
