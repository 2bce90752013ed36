import { randomBytes } from 'node:crypto'
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { EngineError } from '../../src/errors/index.ts'
import type { PartitionName, Source, SourceSettings } from '../source.ts'
import { takeAllPartitions } from './take-all-partitions.ts'

type ReadOptions = Parameters<Source['read']>[0]

/** How long a fetch waits for a message: nothing is late by it, since it ends with the first that comes. */
const fetchWaitMs = 200
/** Positions that are not where they should be, one after the other, before the reader gives up. */
const strayBatchesMax = 5

/**
 * Reads the partitions of topics from positions of ours. The group has this one member, and nothing is committed: after each
 * time that the client joins it anew, it is told again where to read.
 */
export class KafkaReader {
  readonly #consumer: Consumer
  readonly #settings: SourceSettings
  /** By topic and partition, what is to come next. */
  readonly #next = new Map<string, PartitionName & { position: bigint; strays: number }>()
  #options: ReadOptions | undefined
  #hasEnded = false

  constructor(kafka: Kafka, settings: SourceSettings) {
    this.#settings = settings
    this.#consumer = kafka.consumer({
      // A group of its own each time: one that was killed stays a member until its session ends, and others wait for it.
      groupId: `${settings.name}-${randomBytes(6).toString('hex')}`,
      partitionAssigners: [takeAllPartitions],
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: fetchWaitMs,
      minBytes: 1,
      maxBytesPerPartition: 1 << 20,
      maxBytes: 8 << 20,
      sessionTimeout: 30_000,
      heartbeatInterval: 3_000
    })
  }

  async run(options: ReadOptions): Promise<void> {
    this.#options = options
    for (const given of options.positions) this.#next.set(keyOf(given), { ...given, strays: 0 })
    const consumer = this.#consumer
    const { events } = consumer
    consumer.on(events.CRASH, ({ payload }) => this.#end(payload.error))
    consumer.on(events.GROUP_JOIN, () => this.#seekAll())
    await consumer.connect()
    await consumer.subscribe({ topics: [...this.#settings.topics], fromBeginning: true })
    const running = consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 16,
      eachBatch: async (payload) => {
        this.#take(payload)
        await payload.heartbeat()
      }
    })
    // Before the first fetch; a seek after it would cost a fetch from the wrong place.
    this.#seekAll()
    await running
  }

  pause({ topic, partition }: PartitionName): void {
    this.#whileRunning(() => this.#consumer.pause([{ topic, partitions: [partition] }]))
  }

  resume({ topic, partition }: PartitionName): void {
    this.#whileRunning(() => this.#consumer.resume([{ topic, partitions: [partition] }]))
  }

  async close(): Promise<void> {
    this.#hasEnded = true
    await this.#consumer.disconnect()
  }

  #take({ batch, resolveOffset }: EachBatchPayload): void {
    const expected = this.#next.get(keyOf(batch))
    if (this.#hasEnded || expected === undefined) return
    // The client starts elsewhere when it has joined its group again, or when the position is out of the topic's range.
    if (fetchedFrom(batch) !== expected.position) {
      this.#correct(expected)
      return
    }
    expected.strays = 0
    const last = lastOffsetOf(batch)
    if (last === undefined) return
    resolveOffset(last.toString())
    expected.position = last + 1n
    this.#options?.onBatch({
      topic: batch.topic,
      partition: batch.partition,
      messages: batch.messages.map(({ offset, key, value }) => ({
        offset: BigInt(offset),
        key,
        value
      })),
      next: expected.position,
      end: BigInt(batch.highWatermark)
    })
  }

  #correct(expected: PartitionName & { readonly position: bigint; strays: number }): void {
    expected.strays += 1
    const { topic, partition, position } = expected
    if (expected.strays > strayBatchesMax) {
      const reason = `partition ${partition} of topic ${topic} cannot be read from position ${position}`
      this.#end(new EngineError('MILLRACE_SOURCE_UNAVAILABLE', { reason }))
      return
    }
    this.#consumer.seek({ topic, partition, offset: position.toString() })
  }

  #seekAll(): void {
    for (const { topic, partition, position } of this.#next.values())
      this.#whileRunning(() =>
        this.#consumer.seek({ topic, partition, offset: position.toString() })
      )
  }

  #whileRunning(call: () => void): void {
    if (this.#hasEnded) return
    try {
      call()
    } catch (cause) {
      this.#end(cause)
    }
  }

  #end(cause: unknown): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#options?.onFailed(
      cause instanceof EngineError
        ? cause
        : new EngineError(
            'MILLRACE_SOURCE_UNAVAILABLE',
            { reason: cause instanceof Error ? cause.message : String(cause) },
            { cause }
          )
    )
  }
}

type Batch = EachBatchPayload['batch']

/** The position that the client asked for; missing in its types. */
function fetchedFrom(batch: Batch): bigint {
  return BigInt(String(Reflect.get(batch, 'fetchedOffset')))
}

/** Of a batch of nothing but marks of transactions too; undefined when nothing came. */
function lastOffsetOf(batch: Batch): bigint | undefined {
  const within: unknown = Reflect.get(batch, 'messagesWithinOffset')
  return Array.isArray(within) && within.length > 0 ? BigInt(batch.lastOffset()) : undefined
}

function keyOf({ topic, partition }: PartitionName): string {
  return `${topic}/${partition}`
}
