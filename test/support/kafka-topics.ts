/** What tests do with topics of a real broker, as users' programs would. */
import { Kafka, logLevel, Partitioners } from 'kafkajs'

export interface TopicMessage {
  readonly key?: string | Buffer | null
  readonly value: string | Buffer | null
  readonly partition?: number
}

export interface KafkaTopics {
  create(topic: string, partitions?: number): Promise<void>
  addPartitions(topic: string, count: number): Promise<void>
  delete(topic: string): Promise<void>
  /** Deletes what lies before a position. */
  trim(topic: string, partition: number, before: number): Promise<void>
  send(topic: string, messages: readonly TopicMessage[]): Promise<void>
  /** Everything that a topic holds now, by partition and position. */
  readAll(topic: string): Promise<readonly ReadMessage[]>
  close(): Promise<void>
}

export interface ReadMessage {
  readonly partition: number
  readonly offset: string
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
}

export async function kafkaTopics(address: string): Promise<KafkaTopics> {
  const kafka = new Kafka({
    clientId: 'test',
    brokers: [address],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 60 }
  })
  const admin = kafka.admin()
  const producer = kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner
  })
  await Promise.all([admin.connect(), producer.connect()])
  return {
    async create(topic, numPartitions = 1) {
      await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true })
    },
    async addPartitions(topic, count) {
      await admin.createPartitions({ topicPartitions: [{ topic, count }] })
    },
    async delete(topic) {
      await admin.deleteTopics({ topics: [topic] })
    },
    async trim(topic, partition, before) {
      // The client knows the leaders of topics only that it was asked about before.
      await admin.fetchTopicOffsets(topic)
      const partitions = [{ partition, offset: String(before) }]
      await admin.deleteTopicRecords({ topic, partitions })
    },
    async send(topic, messages) {
      for (let at = 0; at < messages.length; at += 500) {
        const part = messages.slice(at, at + 500).map(({ key = null, value, partition = 0 }) => ({
          key,
          value,
          partition
        }))
        await producer.send({ topic, acks: -1, messages: part })
      }
    },
    readAll: (topic) => readAll(kafka, topic),
    async close() {
      await Promise.all([admin.disconnect(), producer.disconnect()])
    }
  }
}

let readers = 0

async function readAll(kafka: Kafka, topic: string): Promise<ReadMessage[]> {
  const admin = kafka.admin()
  await admin.connect()
  const missing = new Map(
    (await admin.fetchTopicOffsets(topic)).flatMap(({ partition, low, high }) =>
      low === high ? [] : [[partition, BigInt(high)] as const]
    )
  )
  await admin.disconnect()
  if (missing.size === 0) return []
  readers += 1
  const consumer = kafka.consumer({ groupId: `test-${process.pid}-${Date.now()}-${readers}` })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const found: ReadMessage[] = []
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        eachMessage: async ({ partition, message }) => {
          found.push({
            partition,
            offset: message.offset,
            key: message.key?.toString() ?? null,
            value: message.value?.toString() ?? null,
            headers: Object.fromEntries(
              Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)])
            )
          })
          if (BigInt(message.offset) + 1n >= (missing.get(partition) ?? 0n))
            missing.delete(partition)
          if (missing.size === 0) resolve()
        }
      })
      .catch(reject)
  })
  await consumer.disconnect()
  return found.sort((a, b) => a.partition - b.partition || Number(a.offset) - Number(b.offset))
}
