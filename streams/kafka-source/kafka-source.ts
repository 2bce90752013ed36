import type { Admin, Kafka, Producer } from 'kafkajs'
import { EngineError } from '../../src/errors/index.ts'
import type {
  DeadLetterRecord,
  OpenSource,
  PartitionName,
  Source,
  SourcePartition,
  SourcePosition,
  SourceSettings
} from '../source.ts'
import { anyPartitioner, type KafkaAccess, kafkaClient } from './kafka-client.ts'
import { KafkaReader } from './kafka-reader.ts'

/** The client sends what it is given as one batch, and brokers take 1 MiB by default. */
const requestBytesMax = 512 << 10
const closeMsMax = 3_000

/** Opens topics of users on Kafka. */
export function openKafkaSource(access: KafkaAccess): OpenSource {
  return async (settings) => {
    const kafka = kafkaClient(settings.brokers, settings.name, access)
    const admin = kafka.admin()
    try {
      await admin.connect()
    } catch (cause) {
      throw unavailable(cause)
    }
    return new KafkaSource(kafka, admin, settings)
  }
}

class KafkaSource implements Source {
  readonly #kafka: Kafka
  readonly #admin: Admin
  readonly #settings: SourceSettings
  readonly #reader: KafkaReader
  #producer: Promise<Producer> | undefined

  constructor(kafka: Kafka, admin: Admin, settings: SourceSettings) {
    this.#kafka = kafka
    this.#admin = admin
    this.#settings = settings
    this.#reader = new KafkaReader(kafka, settings)
  }

  async partitions(): Promise<readonly SourcePartition[]> {
    const lists = await this.#each(async (topic) =>
      (await this.#admin.fetchTopicOffsets(topic)).map(
        ({ partition, low, high }): SourcePartition => ({
          topic,
          partition,
          start: BigInt(low),
          end: BigInt(high)
        })
      )
    )
    return lists.sort((a, b) => a.topic.localeCompare(b.topic) || a.partition - b.partition)
  }

  async positionsAt(timeMs: number): Promise<readonly SourcePosition[]> {
    return this.#each(async (topic) =>
      (await this.#admin.fetchTopicOffsetsByTimestamp(topic, timeMs)).map(
        ({ partition, offset }) => ({ topic, partition, position: BigInt(offset) })
      )
    )
  }

  async read(options: Parameters<Source['read']>[0]): Promise<void> {
    try {
      await this.#reader.run(options)
    } catch (cause) {
      throw unavailable(cause)
    }
  }

  pause(partition: PartitionName): void {
    this.#reader.pause(partition)
  }

  resume(partition: PartitionName): void {
    this.#reader.resume(partition)
  }

  async setAside(topic: string, letters: readonly DeadLetterRecord[]): Promise<void> {
    try {
      this.#producer ??= this.#openProducer(topic)
      const producer = await this.#producer
      for (const part of requestsOf(letters)) await send(producer, topic, part)
    } catch (cause) {
      throw unavailable(cause)
    }
  }

  async close(): Promise<void> {
    const producer = await this.#producer?.catch(() => undefined)
    const closed = Promise.allSettled([
      this.#reader.close(),
      producer?.disconnect(),
      this.#admin.disconnect()
    ])
    let timer: NodeJS.Timeout | undefined
    // A broker that is gone cannot be told, and will find out by itself.
    const timeUp = new Promise((resolve) => {
      timer = setTimeout(resolve, closeMsMax)
    })
    await Promise.race([closed, timeUp])
    clearTimeout(timer)
  }

  /** The topic is made at the first dead letter: most ingests never have one. */
  async #openProducer(topic: string): Promise<Producer> {
    const known = await this.#admin.listTopics()
    if (!known.includes(topic)) {
      await this.#admin.createTopics({
        topics: [{ topic, numPartitions: 1, configEntries: [] }],
        waitForLeaders: true
      })
    }
    const producer = this.#kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: anyPartitioner
    })
    await producer.connect()
    return producer
  }

  async #each<Item>(ask: (topic: string) => Promise<readonly Item[]>): Promise<Item[]> {
    const { topics, brokers } = this.#settings
    const known = await this.#admin.listTopics().catch((cause: unknown) => {
      throw unavailable(cause)
    })
    const missing = topics.find((topic) => !known.includes(topic))
    if (missing !== undefined) {
      const details = { topic: missing, brokers: brokers.join(',') }
      throw new EngineError('MILLRACE_SOURCE_TOPIC_MISSING', details)
    }
    try {
      return (await Promise.all(topics.map(ask))).flat()
    } catch (cause) {
      throw unavailable(cause)
    }
  }
}

function requestsOf(letters: readonly DeadLetterRecord[]): DeadLetterRecord[][] {
  const requests: DeadLetterRecord[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const letter of letters) {
    const size = 1024 + (letter.value?.byteLength ?? 0)
    if (bytes + size > requestBytesMax) {
      requests.push([])
      bytes = 0
    }
    bytes += size
    requests.at(-1)?.push(letter)
  }
  return requests
}

/** A letter that the topic has no room for keeps its place and loses its value. */
async function send(producer: Producer, topic: string, letters: readonly DeadLetterRecord[]) {
  const messagesOf = (keepsValue: boolean) =>
    letters.map(({ key, value, headers }) => ({
      key,
      value: keepsValue ? value : null,
      headers: { ...headers, ...(!keepsValue && { 'millrace-value': 'too large' }) }
    }))
  try {
    await producer.send({ topic, acks: -1, messages: messagesOf(true) })
  } catch (cause) {
    const isTooLarge = cause instanceof Error && Reflect.get(cause, 'type') === 'MESSAGE_TOO_LARGE'
    if (!isTooLarge || letters.length > 1) throw cause
    await producer.send({ topic, acks: -1, messages: messagesOf(false) })
  }
}

function unavailable(cause: unknown): EngineError {
  if (cause instanceof EngineError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new EngineError('MILLRACE_SOURCE_UNAVAILABLE', { reason }, { cause })
}
