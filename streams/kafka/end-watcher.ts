import { setTimeout as sleep } from 'node:timers/promises'
import type { EngineError } from '../../src/errors/index.ts'
import type { WaitOptions } from '../log.ts'
import { Waiters } from '../waiters.ts'
import type { KafkaClient } from './client.ts'
import { errorOf, failureOf } from './failures.ts'
import { fetchPartitions } from './fetch.ts'

/** A reader that begins to wait is taken along by the next poll, so late at the most. */
const pollMs = 100
/** Between two polls: a partition that is written all the time must not be fetched twice all the time. */
const pauseMs = 4
const retryMsMax = 1_000
/** A reader that was woken comes back soon; until then its partition is polled on. */
const lingerMs = 2_000

/** What is known of the end of one partition, and who waits for more. */
export class PartitionEnd {
  readonly topic: string
  readonly partition: number
  readonly waiters = new Waiters()
  /** Of durable records, as far as is known; undefined before anyone asked. */
  end: number | undefined
  #waiting = 0
  #idleSinceMs = Number.NEGATIVE_INFINITY
  #gone: EngineError | undefined

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  advance(end: number): void {
    if (this.end !== undefined && end <= this.end) return
    this.end = end
    this.waiters.wakeBelow(end)
  }

  get isWatched(): boolean {
    return this.#waiting > 0 || performance.now() - this.#idleSinceMs < lingerMs
  }

  /** Whoever waits is told why nothing more comes, also who only begins to. */
  close(error: EngineError): void {
    this.#gone = error
    this.waiters.rejectAll(error)
  }

  async wait(from: number, options: WaitOptions): Promise<boolean> {
    if (this.#gone !== undefined) throw this.#gone
    if (from < (this.end ?? 0)) return true
    this.#waiting += 1
    try {
      return await this.waiters.wait(from, options)
    } finally {
      this.#waiting -= 1
      this.#idleSinceMs = performance.now()
    }
  }
}

/** Long polls for all partitions that someone waits on, one poll for each broker that leads any of them. */
export class EndWatcher {
  readonly #client: KafkaClient
  readonly #ends: () => Iterable<PartitionEnd>
  readonly #onGone: (end: PartitionEnd, error: EngineError) => void
  /** Brokers that are being polled. */
  readonly #polled = new Set<number>()
  #isLooking = false
  #isAskedAgain = false

  /** @param onGone  called when a partition that is waited on does not exist any more, or may not be read */
  constructor(
    client: KafkaClient,
    ends: () => Iterable<PartitionEnd>,
    onGone: (end: PartitionEnd, error: EngineError) => void
  ) {
    this.#client = client
    this.#ends = ends
    this.#onGone = onGone
  }

  /** To be called when someone begins to wait. */
  watch(): void {
    this.#isAskedAgain = true
    if (this.#isLooking) return
    this.#isLooking = true
    this.#startPolls().catch(() => {})
  }

  /** Sees to it that each partition that is waited on is polled; goes on until all leaders are known. */
  async #startPolls(): Promise<void> {
    for (let waitMs = 20; !this.#client.isClosed; waitMs = Math.min(waitMs * 2, retryMsMax)) {
      this.#isAskedAgain = false
      const watched = this.#watched()
      const found = await Promise.all(watched.map((end) => this.#leaderOf(end)))
      // Who began to wait meanwhile is not among them.
      if (this.#isAskedAgain) continue
      if (found.every((leader) => leader !== undefined)) break
      await this.#client.pause(waitMs)
    }
    this.#isLooking = false
  }

  async #leaderOf(end: PartitionEnd): Promise<number | undefined> {
    try {
      const leader = await this.#client.leader(end.topic, end.partition)
      if (!this.#polled.has(leader)) this.#poll(leader).catch(() => {})
      return leader
    } catch (cause) {
      if (this.#client.isClosed) return undefined
      const error = errorOf(cause, end.topic, end.partition)
      if (error.retryable) return undefined
      this.#onGone(end, error)
      return -1
    }
  }

  async #poll(leader: number): Promise<void> {
    this.#polled.add(leader)
    try {
      let waitMs = pauseMs
      while (!this.#client.isClosed) {
        const led = await this.#ledBy(leader)
        if (led.length === 0) return
        const isDone = await this.#pollOnce(leader, led)
        waitMs = isDone ? pauseMs : Math.min(waitMs * 2, retryMsMax)
        await sleep(waitMs)
      }
    } finally {
      this.#polled.delete(leader)
      // Partitions whose leader is another one by now, or that came just now.
      if (!this.#client.isClosed && this.#watched().length > 0) this.watch()
    }
  }

  async #pollOnce(leader: number, led: readonly PartitionEnd[]): Promise<boolean> {
    const targets = led.map(({ topic, partition, end = 0 }) => ({
      topic,
      partition,
      from: end,
      maxBytes: 1
    }))
    try {
      const found = await this.#client.once('polls', leader, (broker) =>
        fetchPartitions(broker, targets, pollMs)
      )
      for (const { topic, partition, highWatermark } of found) {
        led
          .find((end) => end.topic === topic && end.partition === partition)
          ?.advance(Number(highWatermark))
      }
      return true
    } catch (cause) {
      const { type, reason } = failureOf(cause)
      // Whoever waits reads, and is told where the log begins and ends.
      if (type === 'OFFSET_OUT_OF_RANGE') for (const end of led) end.waiters.wakeBelow(Infinity)
      this.#client.settings.onEvent({ kind: 'poll.failed', details: { reason } })
      for (const { topic } of led) this.#client.forget(topic)
      return false
    }
  }

  /** Those of the partitions that this broker leads; leaders that are not known any more are asked for. */
  async #ledBy(leader: number): Promise<PartitionEnd[]> {
    const watched = this.#watched()
    const leaders = await Promise.all(watched.map((end) => this.#leaderOf(end)))
    return watched.filter((_, index) => leaders[index] === leader)
  }

  #watched(): PartitionEnd[] {
    return [...this.#ends()].filter((end) => end.end !== undefined && end.isWatched)
  }
}
