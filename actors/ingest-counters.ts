import type { Clock } from './clock.ts'

/** A rate counts the whole seconds of this window. */
const windowSeconds = 10

/** What an ingest has done since this node began to run it. */
export class IngestCounters {
  readonly #clock: Clock
  readonly #bySecond = new Map<number, number>()
  messages = 0
  points = 0
  deletes = 0
  deadLetters = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  note(flush: { points: number; deletes: number; deadLetters: number; messages: number }): void {
    this.messages += flush.messages
    this.points += flush.points
    this.deletes += flush.deletes
    this.deadLetters += flush.deadLetters
    const second = Math.floor(this.#clock.nowMs() / 1000)
    this.#bySecond.set(second, (this.#bySecond.get(second) ?? 0) + flush.messages)
    for (const old of this.#bySecond.keys()) {
      if (old >= second - windowSeconds) break
      this.#bySecond.delete(old)
    }
  }

  messagesPerSecond(): number {
    const now = Math.floor(this.#clock.nowMs() / 1000)
    let sum = 0
    for (const [second, count] of this.#bySecond)
      if (second < now && second >= now - windowSeconds) sum += count
    return sum / windowSeconds
  }
}
