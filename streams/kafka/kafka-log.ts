import { EngineError, isEngineError } from '../../src/errors/index.ts'
import type { Log, LogBatch, LogEnds, ReadOptions, TopicInfo, WaitOptions } from '../log.ts'
import { checkTopicName, offsetNumber, unknownTopic } from '../offsets.ts'
import { KafkaClient, type RequestOptions } from './client.ts'
import { EndWatcher, PartitionEnd } from './end-watcher.ts'
import { failureOf } from './failures.ts'
import { fetchBatch } from './fetch.ts'
import { PartitionAppender } from './partition-appender.ts'
import { type KafkaLogOptions, settingsOf } from './settings.ts'
import { TopicNames } from './topic-names.ts'
import { KafkaTopics } from './topics.ts'

const earliest = -2
const latest = -1
/** A leader may know of records a moment before it gives them out. */
const emptyReadsMax = 50
const emptyReadPauseMs = 10

export interface KafkaLog extends Log {
  /** Names the Kafka cluster. */
  readonly clusterId: string
}

/**
 * Opens the log in a Kafka cluster. Nothing is kept here: what is durable is known to Kafka alone.
 *
 * @throws MILLRACE_LOG_UNREACHABLE when no broker answers in time, MILLRACE_LOG_REFUSED
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<KafkaLog> {
  const client = new KafkaClient(options, settingsOf(options))
  const topics = new KafkaTopics(client)
  try {
    const clusterId = await topics.clusterId()
    return new ClusterLog(client, topics, new TopicNames(options), clusterId)
  } catch (cause) {
    await client.close()
    throw cause
  }
}

interface Partition {
  readonly end: PartitionEnd
  readonly appender: PartitionAppender
}

class ClusterLog implements KafkaLog {
  readonly driver = 'kafka'
  readonly clusterId: string
  readonly #client: KafkaClient
  readonly #topics: KafkaTopics
  readonly #names: TopicNames
  readonly #watcher: EndWatcher
  /** Those that were used here, by topic and number. */
  readonly #partitions = new Map<string, Map<number, Partition>>()
  #closing: Promise<void> | undefined

  constructor(client: KafkaClient, topics: KafkaTopics, names: TopicNames, clusterId: string) {
    this.#client = client
    this.#topics = topics
    this.#names = names
    this.clusterId = clusterId
    this.#watcher = new EndWatcher(
      client,
      () =>
        [...this.#partitions.values()].flatMap((all) => [...all.values()].map((one) => one.end)),
      (end, error) => this.#drop(end, this.#renamed(error, end))
    )
  }

  async createTopic(topic: string, options: { readonly partitions: number }): Promise<void> {
    this.#refuseWhenClosed()
    checkTopicName(topic)
    const { partitions: wanted } = options
    if (!Number.isInteger(wanted) || wanted < 1) {
      throw new EngineError('MILLRACE_LOG_TOPIC_MISMATCH', { topic, wanted, existing: 0 })
    }
    await this.#topics.create(this.#names.inKafka(topic), wanted)
  }

  async deleteTopic(topic: string): Promise<void> {
    this.#refuseWhenClosed()
    const used = this.#partitions.get(topic)
    this.#partitions.delete(topic)
    for (const [number, { end, appender }] of used ?? []) {
      end.close(unknownTopic(topic, number))
      appender.abandon(unknownTopic(topic, number))
    }
    await this.#topics.delete(this.#names.inKafka(topic))
  }

  async topics(): Promise<readonly TopicInfo[]> {
    this.#refuseWhenClosed()
    const all = await this.#topics.list()
    return all.flatMap(({ topic: name, partitions }) => {
      const topic = this.#names.inLog(name)
      return topic === undefined ? [] : [{ topic, partitions }]
    })
  }

  async append(
    topic: string,
    partition: number,
    records: readonly Uint8Array[]
  ): Promise<BigUint64Array> {
    this.#refuseWhenClosed()
    const { appender, end } = this.#partition(topic, partition)
    return appender.append(records).catch((cause: unknown) => {
      throw this.#renamed(cause, end)
    })
  }

  async read(
    topic: string,
    partition: number,
    from: bigint,
    { maxBytes }: ReadOptions
  ): Promise<LogBatch> {
    this.#refuseWhenClosed()
    const { end } = this.#partition(topic, partition)
    const target = { topic: end.topic, partition, from: offsetNumber(from), maxBytes }
    if (!Number.isFinite(target.from)) throw await this.#outOfRange(topic, partition, from)
    for (let attempt = 0; ; attempt++) {
      try {
        const batch = await this.#client.forPartition(this.#request(end), (broker) =>
          fetchBatch(broker, target)
        )
        end.advance(Number(batch.endOffset))
        const isEmpty = batch.nextOffset === from && batch.endOffset > from
        if (!isEmpty || attempt >= emptyReadsMax) return batch
      } catch (cause) {
        if (failureOf(Object(cause).cause).type !== 'OFFSET_OUT_OF_RANGE')
          throw this.#renamed(cause, end)
        const error = await this.#outOfRange(topic, partition, from)
        // It may have been in range by the time that its ends were asked for.
        if (attempt >= emptyReadsMax || !isInside(error, from)) throw error
      }
      await this.#client.pause(emptyReadPauseMs)
    }
  }

  async waitForMore(
    topic: string,
    partition: number,
    from: bigint,
    options: WaitOptions = {}
  ): Promise<boolean> {
    this.#refuseWhenClosed()
    const { end } = this.#partition(topic, partition)
    const offset = offsetNumber(from)
    if (end.end === undefined) end.advance(await this.#offsetAt(end, latest))
    const waiting = end.wait(offset, options)
    this.#watcher.watch()
    return waiting
  }

  async ends(topic: string, partition: number): Promise<LogEnds> {
    this.#refuseWhenClosed()
    const { end } = this.#partition(topic, partition)
    const [first, last] = await Promise.all([
      this.#offsetAt(end, earliest),
      this.#offsetAt(end, latest)
    ])
    end.advance(last)
    return { start: BigInt(first), end: BigInt(Math.max(first, last)) }
  }

  async offsetAt(topic: string, partition: number, timeMs: number): Promise<bigint> {
    this.#refuseWhenClosed()
    const { end } = this.#partition(topic, partition)
    const found = await this.#offsetAt(end, Math.max(0, Math.ceil(timeMs)))
    // Kafka says -1 when nothing is as new as that.
    return BigInt(found < 0 ? await this.#offsetAt(end, latest) : found)
  }

  async trimBefore(topic: string, partition: number, offset: bigint): Promise<void> {
    const { start, end: last } = await this.ends(topic, partition)
    const before = offset < last ? offset : last
    if (before <= start) return
    const { end } = this.#partition(topic, partition)
    await this.#client
      .forPartition(this.#request(end), (broker) =>
        broker.deleteRecords({
          topics: [{ topic: end.topic, partitions: [{ partition, offset: String(before) }] }]
        })
      )
      .catch((cause: unknown) => {
        throw this.#renamed(cause, end)
      })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const partitions = [...this.#partitions.values()].flatMap((all) => [...all.values()])
    for (const { end } of partitions) end.close(new EngineError('MILLRACE_LOG_CLOSED'))
    const { requestTimeoutMs } = this.#client.settings
    await Promise.all(partitions.map(({ appender }) => appender.close(requestTimeoutMs)))
    await this.#client.close()
  }

  async #offsetAt(end: PartitionEnd, timestamp: number): Promise<number> {
    const { topic, partition } = end
    try {
      const { responses } = await this.#client.forPartition(this.#request(end), (broker) =>
        broker.listOffsets({
          replicaId: -1,
          isolationLevel: 0,
          topics: [{ topic, partitions: [{ partition, timestamp }] }]
        })
      )
      return Number(responses[0]?.partitions[0]?.offset)
    } catch (cause) {
      throw this.#renamed(cause, end)
    }
  }

  async #outOfRange(topic: string, partition: number, offset: bigint): Promise<EngineError> {
    const { start, end } = await this.ends(topic, partition)
    const details = { offset, topic, partition, start, end }
    return new EngineError('MILLRACE_LOG_OFFSET_OUT_OF_RANGE', details)
  }

  #request({ topic, partition }: PartitionEnd): RequestOptions {
    const { requestTimeoutMs: timeoutMs } = this.#client.settings
    return { lane: 'reads', topic, partition, timeoutMs }
  }

  #partition(topic: string, number: number): Partition {
    checkTopicName(topic)
    const used = this.#partitions.get(topic) ?? new Map<number, Partition>()
    this.#partitions.set(topic, used)
    const known = used.get(number)
    if (known !== undefined) return known
    const end = new PartitionEnd(this.#names.inKafka(topic), number)
    const appender = new PartitionAppender(this.#client, end.topic, number, (offset) =>
      used.get(number)?.end.advance(offset)
    )
    const partition = { end, appender }
    used.set(number, partition)
    return partition
  }

  /** It may be made anew: then it begins as one that was never used. */
  #drop(end: PartitionEnd, error: EngineError): void {
    const topic = this.#names.inLog(end.topic) ?? end.topic
    const used = this.#partitions.get(topic)
    const dropped = used?.get(end.partition)
    if (used !== undefined && dropped?.end === end) {
      const { appender } = dropped
      used.set(end.partition, { end: new PartitionEnd(end.topic, end.partition), appender })
    }
    end.close(error)
  }

  /** Inside, errors name topics as Kafka does. */
  #renamed(cause: unknown, end: PartitionEnd): EngineError {
    const topic = this.#names.inLog(end.topic) ?? end.topic
    if (!isEngineError(cause)) throw cause
    return 'topic' in cause.details
      ? new EngineError(cause.code, { ...cause.details, topic }, { cause: cause.cause })
      : cause
  }

  #refuseWhenClosed(): void {
    if (this.#closing !== undefined) throw new EngineError('MILLRACE_LOG_CLOSED')
  }
}

function isInside({ details }: EngineError, offset: bigint): boolean {
  return offset >= BigInt(String(details['start'])) && offset <= BigInt(String(details['end']))
}
