import type { Random } from '../support/random.ts'
import type { Host, Scheduler } from './scheduler.ts'

export interface LinkRates {
  /** Shares of the messages, 0 to 1. */
  lost: number
  duplicated: number
  slow: number
}

/** Carries messages between hosts: late, twice, in another order, or never. */
export class Network {
  readonly rates: LinkRates = { lost: 0, duplicated: 0, slow: 0 }
  readonly #scheduler: Scheduler
  readonly #random: Random
  /** Names that cannot be reached, and cannot reach anyone. */
  readonly #cut = new Set<string>()

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler
    this.#random = random
  }

  cut(name: string): void {
    this.#cut.add(name)
  }

  heal(): void {
    this.#cut.clear()
  }

  /** Draws as often for every message, so that one fault does not shift those after it. */
  send(from: string, to: Host, label: string, deliver: () => void): void {
    const random = this.#random
    const draws = [random.next(), random.next(), random.next(), random.next()] as const
    const { lost, duplicated, slow } = this.rates
    if (this.#cut.has(from) || this.#cut.has(to.name) || draws[0] < lost) return
    const delayMs = draws[1] < slow ? 100 + draws[2] * 3_000 : 0.1 + draws[2] * 5
    this.#scheduler.at(delayMs, to, label, deliver)
    if (draws[3] < duplicated) this.#scheduler.at(delayMs * 2 + 1, to, `${label} twice`, deliver)
  }
}
