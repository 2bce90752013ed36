import { EngineError, isEngineError } from '../../src/errors/index.ts'
import { offsetsFrom } from '../offsets.ts'
import type { KafkaClient, LaneName } from './client.ts'
import { errorOf, failureOf } from './failures.ts'
import { ProducerSession } from './producer-session.ts'

/** What the frame of a record and of a batch takes in Kafka's format, at most. */
const recordOverheadBytes = 32
/** kafkajs passes the records of a batch as arguments of one call. */
const batchRecordsMax = 16_384
const retryMsMax = 1_000
/** A broker answers one append of a connection after the other; so many wait for replicas at once. */
const lanes = 4

interface Entry {
  readonly records: readonly Uint8Array[]
  readonly bytes: number
  readonly offsets: BigUint64Array
  readonly deadlineMs: number
  /** Records that went into a batch. */
  taken: number
  /** Records whose offsets are known. */
  kept: number
  /** Whether an append of any of its records has an unknown outcome. */
  isUncertain: boolean
  isSettled: boolean
  readonly resolve: (offsets: BigUint64Array) => void
  readonly reject: (error: EngineError) => void
}

/** A run of records of one entry. */
interface Piece {
  readonly entry: Entry
  readonly from: number
  readonly to: number
}

/**
 * The appends of one partition, in the order of their calls: one batch is under way at a time, and what is queued
 * meanwhile is the next one. After an unknown outcome the same batch is sent again, and Kafka keeps one copy of it. Only
 * when Kafka has forgotten the session may records stand in the log twice; readers tell by their own producer and sequence.
 */
export class PartitionAppender {
  readonly #client: KafkaClient
  readonly #topic: string
  readonly #partition: number
  readonly #lane: LaneName
  readonly #onEnd: (end: number) => void
  readonly #session: ProducerSession
  readonly #queue: Entry[] = []
  #queueBytes = 0
  #running: Promise<void> | undefined
  #closeByMs = Number.POSITIVE_INFINITY

  /** @param onEnd  called with the offset after each durable batch */
  constructor(client: KafkaClient, topic: string, partition: number, onEnd: (end: number) => void) {
    this.#client = client
    this.#topic = topic
    this.#partition = partition
    this.#onEnd = onEnd
    this.#session = new ProducerSession(client, topic)
    this.#lane = `appends-${(partition + spread(topic)) % lanes}`
  }

  append(records: readonly Uint8Array[]): Promise<BigUint64Array> {
    const { recordBytesMax: limit, queueBytesMax, appendTimeoutMs } = this.#client.settings
    for (const { byteLength: bytes } of records) {
      if (bytes > limit) throw new EngineError('MILLRACE_LOG_RECORD_TOO_LARGE', { bytes, limit })
    }
    const bytes = records.reduce((sum, record) => sum + record.byteLength, 0)
    if (this.#queueBytes > 0 && this.#queueBytes + bytes > queueBytesMax) {
      throw new EngineError('MILLRACE_LOG_OVERLOADED', { bytes: this.#queueBytes })
    }
    if (records.length === 0) return Promise.resolve(new BigUint64Array(0))
    return new Promise((resolve, reject) => {
      this.#queueBytes += bytes
      this.#queue.push({
        records,
        bytes,
        offsets: new BigUint64Array(records.length),
        deadlineMs: performance.now() + appendTimeoutMs,
        taken: 0,
        kept: 0,
        isUncertain: false,
        isSettled: false,
        resolve,
        reject
      })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when every append was answered, and sees to it that this is soon. */
  async close(withinMs: number): Promise<void> {
    this.#closeByMs = performance.now() + withinMs
    await this.#running
  }

  /** Answers what waits with an error: the topic is gone. */
  abandon(error: EngineError): void {
    for (const entry of this.#queue.splice(0)) this.#settle(entry, error)
  }

  async #run(): Promise<void> {
    // Calls of the same turn of the event loop become one batch.
    await Promise.resolve()
    while (this.#queue.length > 0) await this.#appendBatch(this.#takeBatch())
    this.#running = undefined
  }

  #takeBatch(): Piece[] {
    const { batchBytesMax } = this.#client.settings
    const pieces: Piece[] = []
    let bytes = 0
    let count = 0
    for (const entry of this.#queue) {
      const from = entry.taken
      while (entry.taken < entry.records.length && count < batchRecordsMax) {
        const size = (entry.records[entry.taken]?.byteLength ?? 0) + recordOverheadBytes
        if (count > 0 && bytes + size > batchBytesMax) break
        bytes += size
        count += 1
        entry.taken += 1
      }
      if (entry.taken > from) pieces.push({ entry, from, to: entry.taken })
      if (entry.taken < entry.records.length) break
    }
    const open = this.#queue.findIndex(({ taken, records }) => taken < records.length)
    this.#queue.splice(0, open < 0 ? this.#queue.length : open)
    return pieces
  }

  async #appendBatch(batch: readonly Piece[]): Promise<void> {
    let pieces = batch.filter(({ entry }) => !entry.isSettled)
    for (let waitMs = 20; pieces.length > 0; waitMs = Math.min(waitMs * 2, retryMsMax)) {
      try {
        this.#acknowledge(pieces, await this.#send(pieces))
        return
      } catch (cause) {
        this.#noteFailure(pieces, cause)
        await this.#client.pause(waitMs).catch((error: EngineError) => {
          for (const { entry } of pieces) this.#settle(entry, error)
        })
      }
      pieces = pieces.filter(({ entry }) => !entry.isSettled)
    }
  }

  /** @returns the offset of the first record */
  async #send(pieces: readonly Piece[]): Promise<number> {
    const messages = pieces.flatMap(({ entry, from, to }) =>
      entry.records.slice(from, to).map((record) => ({ key: null, value: asBuffer(record) }))
    )
    const topic = this.#topic
    const partition = this.#partition
    const session = await this.#session.next(messages.length)
    const { producerId, producerEpoch, firstSequence } = session
    const leader = await this.#client.leader(topic, partition)
    const { topics } = await this.#client.once(this.#lane, leader, (broker) =>
      broker.produce({
        acks: -1,
        timeout: this.#client.settings.requestTimeoutMs,
        producerId,
        producerEpoch,
        topicData: [{ topic, partitions: [{ partition, firstSequence, messages }] }]
      })
    )
    this.#session.advance(messages.length)
    return Number(topics[0]?.partitions[0]?.baseOffset)
  }

  #acknowledge(pieces: readonly Piece[], first: number): void {
    let next = first
    for (const { entry, from, to } of pieces) {
      entry.offsets.set(offsetsFrom(next, to - from), from)
      entry.kept += to - from
      next += to - from
    }
    this.#onEnd(next)
    for (const { entry } of pieces) {
      if (entry.kept === entry.records.length) this.#settle(entry)
    }
  }

  #noteFailure(pieces: readonly Piece[], cause: unknown): void {
    const topic = this.#topic
    const partition = this.#partition
    const { mayHaveHappened, isRetryable, endsSession, reason } = failureOf(cause)
    const isFinal = isEngineError(cause) ? !cause.retryable : !isRetryable
    this.#client.forget(topic)
    if (endsSession) this.#session.end()
    for (const { entry, from } of pieces) {
      entry.isUncertain ||= from > 0 || (mayHaveHappened && !isEngineError(cause))
    }
    const nowMs = performance.now()
    const isLate = (entry: Entry) => Math.min(entry.deadlineMs, this.#closeByMs) < nowMs
    const late = pieces.filter(({ entry }) => isFinal || isLate(entry))
    // Without those that are late it would be another batch, and what is uncertain of it could come to stand twice.
    const isGivenUp = late.length > 0 && pieces.some(({ entry }) => entry.isUncertain)
    if (isGivenUp) this.#session.end()
    for (const { entry } of isGivenUp ? pieces : late) {
      this.#settle(entry, this.#errorOf(entry, cause, reason))
    }
    const details = { topic, partition, reason }
    this.#client.settings.onEvent({ kind: 'append.retried', details })
    for (const entry of this.#queue.filter(isLate)) {
      this.#settle(entry, this.#errorOf(entry, cause, reason))
    }
  }

  #errorOf(entry: Entry, cause: unknown, reason: string): EngineError {
    const details = { topic: this.#topic, partition: this.#partition, reason }
    if (entry.isUncertain)
      return new EngineError('MILLRACE_LOG_OUTCOME_UNKNOWN', details, { cause })
    return errorOf(cause, this.#topic, this.#partition)
  }

  #settle(entry: Entry, error?: EngineError): void {
    if (entry.isSettled) return
    entry.isSettled = true
    // What is left of a failed entry is not sent: it would stand in the log without its beginning.
    entry.taken = entry.records.length
    this.#queueBytes -= entry.bytes
    if (error === undefined) entry.resolve(entry.offsets)
    else entry.reject(error)
  }
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** Spreads topics over the lanes. */
function spread(text: string): number {
  let sum = 0
  for (let i = 0; i < text.length; i++) sum += text.charCodeAt(i)
  return sum
}
