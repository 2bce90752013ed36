import type {
  AppliedRecord,
  ApplyReport,
  EngineShard,
  EngineShardState
} from '../../actors/index.ts'
import type { CapturedState } from '../../src/checkpoint/index.ts'
import {
  decodeFrame,
  encodeFrame,
  type Frame,
  metaSection,
  readMeta,
  recordKinds,
  sealFrame
} from '../../src/domain/record/index.ts'
import { EngineError } from '../../src/errors/index.ts'
import { crc32c, type LogBatch } from '../../streams/index.ts'
import { decodeWrite } from './sim-record.ts'

interface Row {
  readonly id: number
  readonly version: number
  /** null when the point was deleted. */
  readonly value: string | null
}

interface Stored {
  readonly nextOffset: number
  readonly schemaVersion: number
  readonly digest: string
  readonly producers: readonly (readonly [string, number])[]
}

/** A native shard's rules on a map of values: each offset once, each record of a producer once, a digest of it all. */
export class SimShard implements EngineShard {
  readonly #rows = new Map<number, Row>()
  #producers = new Map<string, number>()
  #sum = 0
  #points = 0
  /** Replaced and deleted ones that a native shard would still hold. */
  #dead = 0
  #nextOffset = 0
  #schemaVersion = 0
  #rejected = 0
  #loadedDigest = ''
  readonly #onApplied: (shard: SimShard) => void

  /** @param onApplied  called after each record */
  constructor(onApplied: (shard: SimShard) => void = () => {}) {
    this.#onApplied = onApplied
  }

  /** @returns the newest version and value of a point */
  get(id: number): Row | undefined {
    const row = this.#rows.get(id)
    return row?.value === null ? undefined : row
  }

  get nextOffset(): number {
    return this.#nextOffset
  }

  async apply(batch: LogBatch): Promise<ApplyReport> {
    const outcomes: (AppliedRecord & { readonly producerId: bigint })[] = []
    for (let index = 0; index < batch.count; index++) {
      const offset = Number(batch.offsets[index])
      if (offset < this.#nextOffset) continue
      const start = batch.positions[index] ?? 0
      const bytes = batch.bytes.slice(start, start + (batch.lengths[index] ?? 0))
      const frame = decodeFrame(bytes, crc32c, offset)
      const { producerId, sequence, count } = frame
      const rejection = this.#applyFrame(frame, offset)
      outcomes.push({ offset: BigInt(offset), producerId, sequence, affected: count, rejection })
      this.#nextOffset = offset + 1
      this.#onApplied(this)
    }
    return {
      applied: outcomes.length,
      stop: undefined,
      forEachOutcome(producerId, visit) {
        for (const outcome of outcomes) if (outcome.producerId === producerId) visit(outcome)
      }
    }
  }

  #applyFrame(frame: Frame, offset: number): AppliedRecord['rejection'] {
    const producer = frame.producerId.toString()
    const sequence = Number(frame.sequence)
    if (sequence <= (this.#producers.get(producer) ?? 0)) {
      this.#rejected += 1
      return { code: 'MILLRACE_RECORD_DUPLICATE', details: { producer, sequence } }
    }
    this.#producers.set(producer, sequence)
    if (frame.kind === recordKinds.schema) {
      const { version } = readMeta(frame) as { version: number }
      this.#schemaVersion = Math.max(this.#schemaVersion, version)
      return undefined
    }
    if (this.#schemaVersion === 0) return { code: 'MILLRACE_SCHEMA_MISSING', details: { shard: 0 } }
    const write = decodeWrite(frame)
    for (const id of write?.ids ?? [])
      this.#put({ id, version: offset, value: write?.value ?? null })
    return undefined
  }

  #put(row: Row): void {
    const before = this.#rows.get(row.id)
    if (before !== undefined && before.value !== null) {
      this.#sum = add(this.#sum, -hashOf(before))
      this.#points -= 1
      this.#dead += 1
    }
    if (row.value !== null) {
      this.#sum = add(this.#sum, hashOf(row))
      this.#points += 1
    }
    this.#rows.set(row.id, row)
  }

  digest(): string {
    let producers = 0
    for (const [producer, sequence] of this.#producers)
      producers = add(producers, hashText(`${producer}:${sequence}`))
    return `${this.#sum}.${producers}.${this.#schemaVersion}`
  }

  state(): EngineShardState {
    return {
      nextOffset: BigInt(this.#nextOffset),
      visibleOffset: BigInt(this.#nextOffset),
      points: BigInt(this.#points),
      rows: this.#points + this.#dead,
      waitingVectors: 0,
      indexedVectors: 0,
      schemaVersion: this.#schemaVersion,
      recordsRejected: this.#rejected,
      diskBytes: 0,
      memoryBytes: 0,
      graphChanges: 0,
      digest: this.digest()
    }
  }

  captureCheckpoint(since: bigint): CapturedState {
    const rows = [...this.#rows.values()].filter(
      ({ version, value }) => version >= since && (value !== null || since > 0n)
    )
    const digest = this.digest()
    const stored: Stored = {
      nextOffset: this.#nextOffset,
      schemaVersion: this.#schemaVersion,
      digest,
      producers: [...this.#producers]
    }
    const frames = [frameOf(recordKinds.upsert, { rows }), frameOf(recordKinds.barrier, { stored })]
    return {
      nextOffset: BigInt(this.#nextOffset),
      digest,
      rows: rows.length,
      liveRows: this.#points,
      source: async () => frames.shift()
    }
  }

  async loadCheckpoint(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength; ) {
      const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(44, true)
      const meta = readMeta(decodeFrame(bytes.slice(at, at + length), crc32c))
      const { rows, stored } = meta as { rows?: readonly Row[]; stored?: Stored }
      for (const row of rows ?? []) this.#put(row)
      if (stored !== undefined) {
        this.#nextOffset = stored.nextOffset
        this.#schemaVersion = stored.schemaVersion
        this.#producers = new Map(stored.producers)
        this.#loadedDigest = stored.digest
      }
      at += length
    }
  }

  async finishLoad(): Promise<void> {
    if (this.digest() === this.#loadedDigest) return
    throw new EngineError('MILLRACE_CHECKPOINT_CORRUPT', { position: 0, reason: 'digest' })
  }

  async captureGraphs(): Promise<undefined> {}

  async loadGraphs(): Promise<void> {}

  async finishGraphs(): Promise<number> {
    return 0
  }

  setGrowth(): void {}

  replaceWith(other: EngineShard): void {
    // Only shards of the simulation meet here.
    const shard = other as SimShard
    this.#rows.clear()
    for (const [id, row] of shard.#rows) this.#rows.set(id, row)
    this.#producers = new Map(shard.#producers)
    this.#sum = shard.#sum
    this.#points = shard.#points
    this.#dead = shard.#dead
    this.#nextOffset = shard.#nextOffset
    this.#schemaVersion = shard.#schemaVersion
  }

  close(): void {}
}

function frameOf(kind: number, meta: object): Uint8Array {
  // Rows and tables are plain data.
  const sections = [metaSection(meta as Parameters<typeof metaSection>[0])]
  const frame = encodeFrame(
    { kind, collectionId: 0n, schemaVersion: 1, count: 0, sections },
    crc32c
  )
  return sealFrame(frame, { producerId: 0n, sequence: 0n, writerEpoch: 0 }, crc32c)
}

const modulus = 2 ** 48

function add(one: number, other: number): number {
  return (((one + other) % modulus) + modulus) % modulus
}

function hashOf({ id, version, value }: Row): number {
  return hashText(`${id}|${version}|${value}`)
}

/** FNV-1a in two halves. */
export function hashText(text: string): number {
  let low = 0x811c9dc5
  let high = 0x9e3779b9
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    low = Math.imul(low ^ code, 0x01000193)
    high = Math.imul(high ^ (code + 7), 0x85ebca6b)
  }
  return ((high >>> 16) * 2 ** 32 + (low >>> 0)) % modulus
}
