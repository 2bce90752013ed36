import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkajsBroker } from 'kafkajs/millrace'
import { EngineError, isEngineError } from '../../src/errors/index.ts'
import { unknownTopic } from '../offsets.ts'
import { errorOf, failureOf } from './failures.ts'
import { Lane } from './lane.ts'
import type { KafkaLogOptions, KafkaSettings } from './settings.ts'

export type LaneName = 'reads' | 'polls' | `appends-${number}`

/** Brokers that start may not know a topic yet: so long it is asked for again, longer when it was there before. */
const unknownTopicMs = 300
const lostTopicMs = 5_000
const retryMsMax = 1_000

export interface RequestOptions {
  readonly lane: LaneName
  readonly topic: string
  readonly partition: number
  /** How long the request is tried again. */
  readonly timeoutMs: number
}

/**
 * Requests to Kafka, each sent to whom it concerns and tried again while that may help: new leaders, lost connections and
 * restarts of brokers are no concern of the callers. Topics are named as Kafka knows them.
 */
export class KafkaClient {
  readonly settings: KafkaSettings
  readonly #options: KafkaLogOptions
  readonly #lanes = new Map<LaneName, Lane>()
  /** By topic: the leader of each partition. */
  readonly #leaders = new Map<string, ReadonlyMap<number, number>>()
  readonly #seen = new Set<string>()
  readonly #closing = new AbortController()

  constructor(options: KafkaLogOptions, settings: KafkaSettings) {
    this.#options = options
    this.settings = settings
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  /** Sends a request to the leader of a partition. */
  forPartition<Result>(
    options: RequestOptions,
    send: (broker: KafkajsBroker) => Promise<Result>
  ): Promise<Result> {
    return this.#retry(options, async (lane) => {
      const leader = await this.leader(options.topic, options.partition)
      return send(await lane.broker(leader))
    })
  }

  /** Sends a request to any broker, or with `isController` to the one that changes topics. */
  forCluster<Result>(
    topic: string,
    send: (broker: KafkajsBroker, brokers: number) => Promise<Result>,
    isController = false
  ): Promise<Result> {
    const { appendTimeoutMs: timeoutMs } = this.settings
    return this.#retry({ lane: 'reads', topic, partition: 0, timeoutMs }, async (lane) => {
      const broker = await (isController ? lane.controller() : lane.anyBroker())
      return send(broker, lane.brokerCount())
    })
  }

  /** Sends one request, once. */
  async once<Result>(
    name: LaneName,
    leader: number,
    send: (broker: KafkajsBroker) => Promise<Result>
  ): Promise<Result> {
    const lane = this.#lane(name)
    try {
      return await send(await lane.broker(leader))
    } catch (cause) {
      lane.noteFailure(cause)
      throw cause
    }
  }

  /** @throws MILLRACE_LOG_TOPIC_UNKNOWN, or what the request failed with */
  async leader(topic: string, partition: number): Promise<number> {
    const known = this.#leaders.get(topic)?.get(partition)
    if (known !== undefined) return known
    const leaders = await this.#loadLeaders(topic)
    const leader = leaders?.get(partition)
    if (leader === undefined) throw unknownTopic(topic, partition)
    return leader
  }

  /** @returns how many partitions a topic has, 0 when there is none */
  async partitionCount(topic: string): Promise<number> {
    const leaders = await this.#retry(
      { lane: 'reads', topic, partition: 0, timeoutMs: this.settings.appendTimeoutMs },
      () => this.#loadLeaders(topic)
    )
    return leaders?.size ?? 0
  }

  /** After any failure of a partition its leader may be another one. */
  forget(topic: string): void {
    this.#leaders.delete(topic)
  }

  /** The topic was made a moment ago: brokers that do not know it yet will. */
  expect(topic: string): void {
    this.#seen.add(topic)
  }

  /** The topic was deleted from here: it is not waited for any more. */
  forgetForever(topic: string): void {
    this.#leaders.delete(topic)
    this.#seen.delete(topic)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled([...this.#lanes.values()].map((lane) => lane.close()))
  }

  /** Rejects as soon as the client is closed. */
  async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#closing.signal }).catch(() => {
      throw new EngineError('MILLRACE_LOG_CLOSED')
    })
  }

  #lane(name: LaneName): Lane {
    if (this.isClosed) throw new EngineError('MILLRACE_LOG_CLOSED')
    const lane = this.#lanes.get(name) ?? new Lane(this.#options, this.settings, name)
    this.#lanes.set(name, lane)
    return lane
  }

  async #retry<Result>(
    { lane: name, topic, partition, timeoutMs }: RequestOptions,
    attempt: (lane: Lane) => Promise<Result>
  ): Promise<Result> {
    const startedMs = performance.now()
    for (let waitMs = 20; ; waitMs = Math.min(waitMs * 2, retryMsMax)) {
      const lane = this.#lane(name)
      try {
        return await attempt(lane)
      } catch (cause) {
        if (this.isClosed) throw new EngineError('MILLRACE_LOG_CLOSED')
        if (isEngineError(cause)) throw cause
        lane.noteFailure(cause)
        this.forget(topic)
        const isLate = performance.now() - startedMs + waitMs > timeoutMs
        if (isLate || !failureOf(cause).isRetryable) throw errorOf(cause, topic, partition)
      }
      await this.pause(waitMs)
    }
  }

  /** @returns undefined when Kafka does not know the topic, also after a while */
  async #loadLeaders(topic: string): Promise<ReadonlyMap<number, number> | undefined> {
    const giveUpMs = performance.now() + (this.#seen.has(topic) ? lostTopicMs : unknownTopicMs)
    while (true) {
      const lane = this.#lane('reads')
      try {
        const broker = await lane.anyBroker()
        const { topicMetadata } = await broker.metadata([topic])
        const partitions = topicMetadata[0]?.partitionMetadata ?? []
        const leaders = new Map(partitions.map(({ partitionId, leader }) => [partitionId, leader]))
        this.#leaders.set(topic, leaders)
        this.#seen.add(topic)
        return leaders
      } catch (cause) {
        lane.noteFailure(cause)
        if (failureOf(cause).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw cause
        if (performance.now() > giveUpMs) return undefined
      }
      await this.pause(50)
    }
  }
}
