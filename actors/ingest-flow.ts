import type { CollectionView } from '../src/domain/directory.ts'
import type { IngestFlush } from '../src/domain/ingest.ts'
import type { RecordOutcome, WritePort } from '../src/domain/ports.ts'
import { EngineError } from '../src/errors/index.ts'
import { encodeFlush, type Flush, type MapMessage, type PointScope } from '../src/ingest/index.ts'
import type { DeadLetterRecord, SourceBatch, SourceRecord } from '../streams/index.ts'
import type { Clock } from './clock.ts'
import { deadLetterOf } from './dead-letter.ts'

/** Flushes on their way to the shards: the next is read and encoded meanwhile. */
const flushesAtOnce = 4
/** Messages that wait, in flushes' worth: past the first number the source is paused, below the second it goes on. */
const throttleAt = 8
const releaseAt = 2

export interface IngestFlowOptions {
  readonly ingest: { readonly id: bigint; readonly name: string }
  readonly topic: string
  readonly partition: number
  /** By shard, where each goes on; the flow begins at the lowest. */
  readonly positions: readonly bigint[]
  readonly end: bigint
  readonly flush: IngestFlush
  readonly map: MapMessage
  /** Looked up for each flush: the schema may have changed. @throws when the collection takes no writes */
  readonly view: () => CollectionView
  readonly limits: PointScope['limits']
  readonly writePort: WritePort
  readonly setAside: (letters: readonly DeadLetterRecord[]) => Promise<void>
  readonly clock: Clock
  readonly onThrottled: (isThrottled: boolean) => void
  readonly onApplied: (flush: Flush, messages: number) => void
  /** Called once; nothing is written afterwards. */
  readonly onFailed: (cause: unknown) => void
}

/**
 * One partition of a topic on its way into the shards: gathers what comes into flushes, sets poison aside first, and writes
 * one record to each shard, in order. A flush never goes past the position of a shard that is ahead, so that each shard's
 * records follow on each other without an overlap.
 */
export class IngestFlow {
  readonly #options: IngestFlowOptions
  readonly #positions: bigint[]
  readonly #waiting: SourceRecord[] = []
  #waitingBytes = 0
  /** The position after everything that came. */
  #received: bigint
  /** The position before the first message that waits. */
  #taken: bigint
  #applied: bigint
  #end: bigint
  #isThrottled = false
  #hasEnded = false
  #isFlushing = false
  #cancelLinger: (() => void) | undefined
  readonly #underWay: Promise<void>[] = []

  constructor(options: IngestFlowOptions) {
    this.#options = options
    this.#positions = [...options.positions]
    this.#taken = lowestOf(options.positions)
    this.#received = this.#taken
    this.#applied = this.#taken
    this.#end = options.end
  }

  /** Where the source is to be read from. */
  get start(): bigint {
    return lowestOf(this.#options.positions)
  }

  /** What every shard has applied, and the newest end of the partition. */
  report(): { readonly position: bigint; readonly end: bigint; readonly isPaused: boolean } {
    return { position: this.#applied, end: this.#end, isPaused: this.#isThrottled }
  }

  noteEnd(end: bigint): void {
    if (end > this.#end) this.#end = end
  }

  offer({ messages, next, end }: SourceBatch): void {
    if (this.#hasEnded) return
    for (const message of messages) {
      this.#waiting.push(message)
      this.#waitingBytes += bytesOf(message)
    }
    this.#received = next
    this.noteEnd(end)
    const { bytes } = this.#options.flush
    if (!this.#isThrottled && this.#waitingBytes > throttleAt * bytes) this.#throttle(true)
    this.#wake()
  }

  close(): void {
    this.#hasEnded = true
    this.#cancelLinger?.()
    this.#waiting.length = 0
  }

  #wake(): void {
    if (this.#isFlushing || this.#hasEnded || this.#received === this.#taken) return
    const { flush, clock } = this.#options
    if (!this.#isFull() && flush.ms > 0) {
      this.#cancelLinger ??= clock.after(flush.ms, () => {
        this.#cancelLinger = undefined
        this.#run()
      })
      return
    }
    this.#run()
  }

  #isFull(): boolean {
    const { flush } = this.#options
    return this.#waiting.length >= flush.messages || this.#waitingBytes >= flush.bytes
  }

  #run(): void {
    if (this.#isFlushing || this.#hasEnded) return
    this.#cancelLinger?.()
    this.#cancelLinger = undefined
    this.#isFlushing = true
    this.#flushAll().then(
      () => {
        this.#isFlushing = false
        this.#wake()
      },
      (cause: unknown) => this.#fail(cause)
    )
  }

  async #flushAll(): Promise<void> {
    do {
      await this.#flushOnce()
    } while (!this.#hasEnded && this.#isFull())
  }

  async #flushOnce(): Promise<void> {
    const { ingest, topic, partition, map, limits } = this.#options
    const first = this.#taken
    const messages = this.#take()
    const range = { ingest: ingest.id, topic, partition, first, next: this.#taken }
    const flushes = encodeFlush({ view: this.#options.view(), limits }, map, messages, range)
    for (const flush of flushes) {
      if (flush.deadLetters.length > 0) {
        const letters = flush.deadLetters.map((letter) => deadLetterOf(ingest, range, letter))
        await this.#options.setAside(letters)
      }
      if (this.#hasEnded) return
      this.#write(flush, flushes.length === 1 ? messages.length : countIn(messages, flush.range))
      while (this.#underWay.length >= flushesAtOnce) await this.#underWay[0]
    }
  }

  /** Takes as many of the waiting messages as a flush may hold. */
  #take(): SourceRecord[] {
    const { flush } = this.#options
    const boundary = this.#boundary()
    let count = 0
    let bytes = 0
    for (const message of this.#waiting) {
      if (count >= flush.messages || message.offset >= boundary) break
      bytes += bytesOf(message)
      if (count > 0 && bytes > flush.bytes) {
        bytes -= bytesOf(message)
        break
      }
      count += 1
    }
    const taken = this.#waiting.splice(0, count)
    this.#waitingBytes -= bytes
    const upTo = this.#waiting[0]?.offset ?? this.#received
    this.#taken = upTo < boundary ? upTo : boundary
    if (this.#isThrottled && this.#waitingBytes <= releaseAt * flush.bytes) this.#throttle(false)
    return taken
  }

  /** The position of the nearest shard that is ahead. */
  #boundary(): bigint {
    const ahead = this.#positions.filter((position) => position > this.#taken)
    return ahead.length === 0 ? this.#received : lowestOf([...ahead, this.#received])
  }

  #write(flush: Flush, messages: number): void {
    const { range, records } = flush
    const due = records.filter(({ shard }) => this.#positions[shard] === range.first)
    for (const { shard } of due) this.#positions[shard] = range.next
    const { id: collectionId, generation } = this.#options.view()
    const { durable, applied } = this.#options.writePort.submit({
      collectionId,
      generation,
      records: due,
      answers: 'each'
    })
    const whole = Promise.all([durable, applied]).then(([, outcomes]) => {
      throwFirstRejection(outcomes)
      if (this.#hasEnded) return
      this.#applied = range.next
      this.#options.onApplied(flush, messages)
    })
    const settled = whole
      .catch((cause: unknown) => this.#fail(cause))
      .finally(() => this.#underWay.splice(this.#underWay.indexOf(settled), 1))
    this.#underWay.push(settled)
  }

  #throttle(isThrottled: boolean): void {
    this.#isThrottled = isThrottled
    this.#options.onThrottled(isThrottled)
  }

  #fail(cause: unknown): void {
    if (this.#hasEnded) return
    this.close()
    this.#options.onFailed(cause)
  }
}

/** A shard that has applied more or less than it was thought to have: the flow begins anew from what the shards say. */
function throwFirstRejection(outcomes: readonly RecordOutcome[]): void {
  const rejection = outcomes.find((outcome) => outcome.rejection !== undefined)?.rejection
  if (rejection === undefined) return
  const error = new EngineError(rejection.code, rejection.details)
  throw new EngineError('MILLRACE_SOURCE_UNAVAILABLE', { reason: error.message }, { cause: error })
}

function countIn(messages: readonly SourceRecord[], range: Flush['range']): number {
  return messages.filter(({ offset }) => offset >= range.first && offset < range.next).length
}

function bytesOf({ key, value }: SourceRecord): number {
  // A message without anything still takes memory.
  return 64 + (key?.byteLength ?? 0) + (value?.byteLength ?? 0)
}

function lowestOf(positions: readonly bigint[]): bigint {
  return positions.reduce((lowest, position) => (position < lowest ? position : lowest))
}
