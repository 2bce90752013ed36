import { topicOf } from '../src/domain/directory.ts'
import type {
  RecordOutcome,
  ShardOffset,
  WritePort,
  WriteRequest,
  WriteTicket
} from '../src/domain/ports.ts'
import { type Crc32c, sealFrame, writerEpochFirst } from '../src/domain/record/index.ts'
import { EngineError, toEngineError } from '../src/errors/index.ts'
import type { Log } from '../streams/index.ts'
import { type OutcomeBoard, partitionKeyOf } from './outcome-board.ts'
import type { Rejections } from './rejections.ts'

/**
 * The way of every write into the log: stamps producer and sequence, appends each shard's records in
 * one call, and ties each record to the outcome that apply will give it.
 */
export class LogWritePort implements WritePort {
  private readonly log: Log
  private readonly board: OutcomeBoard
  private readonly producerId: bigint
  private readonly crc32c: Crc32c
  private readonly rejections: Rejections
  private readonly sequences = new Map<string, bigint>()
  /** By partition: the offset after the last record that was appended here. */
  private readonly ends = new Map<string, bigint>()
  private isDraining = false

  constructor(options: {
    readonly log: Log
    readonly board: OutcomeBoard
    /** Names this writer among all that ever wrote to a shard. */
    readonly producerId: bigint
    readonly crc32c: Crc32c
    readonly rejections: Rejections
  }) {
    this.log = options.log
    this.board = options.board
    this.producerId = options.producerId
    this.crc32c = options.crc32c
    this.rejections = options.rejections
  }

  submit(request: WriteRequest): WriteTicket {
    if (this.isDraining) throw new EngineError('MILLRACE_NODE_DRAINING')
    const topic = topicOf(request.collectionId, request.generation)
    const parts = [...framesByShard(request)].map(([shard, frames]) =>
      this.appendShard(topic, shard, frames)
    )
    if (request.answers === 'durable')
      this.noteRejections(
        request,
        parts.flatMap((part) => part.applied)
      )
    const durable = Promise.all(parts.map((part) => part.durable)).then((lists) => lists.flat())
    const applied = Promise.all(parts.flatMap((part) => part.applied))
    // A caller that waits for durability only must not see the other promise as unhandled.
    applied.catch(() => {})
    durable.catch(() => {})
    return { durable, applied }
  }

  /** @returns the offset after the last record that was appended from here, 0 when there was none */
  endOf(topic: string, shard: number): bigint {
    return this.ends.get(partitionKeyOf(topic, shard)) ?? 0n
  }

  /** From here on every write is refused with a retryable error. */
  drain(): void {
    this.isDraining = true
  }

  private noteRejections(
    { collectionId }: WriteRequest,
    applied: readonly Promise<RecordOutcome>[]
  ): void {
    for (const outcome of applied) {
      outcome.then(
        (known) => this.rejections.note(collectionId, known),
        // Not appended, or never applied here: there is no outcome to tell.
        () => {}
      )
    }
  }

  private appendShard(topic: string, shard: number, frames: readonly Uint8Array[]) {
    const key = partitionKeyOf(topic, shard)
    const sequences = frames.map(() => this.nextSequence(key))
    const applied = sequences.map((sequence) => this.board.expect(key, sequence))
    for (const promise of applied) promise.catch(() => {})
    frames.forEach((frame, index) => {
      const sequence = sequences[index] ?? 0n
      sealFrame(
        frame,
        { producerId: this.producerId, sequence, writerEpoch: writerEpochFirst },
        this.crc32c
      )
    })
    const durable = this.log.append(topic, shard, frames).then(
      (offsets) => {
        this.noteEnd(key, offsets)
        return Array.from(offsets, (offset): ShardOffset => ({ shard, offset }))
      },
      (cause: unknown) => {
        const error = toEngineError(cause)
        this.board.forget(key, sequences, error)
        throw error
      }
    )
    return { durable, applied }
  }

  /** Appends of one partition are answered in order, but need not be. */
  private noteEnd(key: string, offsets: BigUint64Array): void {
    const end = (offsets.at(-1) ?? -1n) + 1n
    if (end > (this.ends.get(key) ?? 0n)) this.ends.set(key, end)
  }

  private nextSequence(key: string): bigint {
    const sequence = (this.sequences.get(key) ?? 0n) + 1n
    this.sequences.set(key, sequence)
    return sequence
  }
}

function framesByShard(request: WriteRequest): Map<number, Uint8Array[]> {
  const groups = new Map<number, Uint8Array[]>()
  for (const { shard, frame } of request.records) {
    const frames = groups.get(shard)
    if (frames === undefined) groups.set(shard, [frame])
    else frames.push(frame)
  }
  return groups
}
