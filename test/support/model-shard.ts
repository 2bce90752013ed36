import type {
  AppliedRecord,
  ApplyReport,
  EngineShard,
  EngineShardState
} from '../../actors/index.ts'
import type { CapturedState } from '../../src/checkpoint/index.ts'
import {
  decodeFrame,
  readIds,
  readMeta,
  recordKinds,
  sectionKinds
} from '../../src/domain/record/index.ts'
import { EngineError, type ErrorCode } from '../../src/errors/index.ts'
import type { LogBatch } from '../../streams/index.ts'
import { plainCrc32c } from './crc32c.ts'
import { framesOf, ModelChanges, readFrames } from './model-checkpoint.ts'

/** A shard as a set of ids: enough for the actors, and it can be told to fail. */
export class ModelShard implements EngineShard {
  /** Offsets at which apply stops as if there were no memory, until they are taken out. */
  readonly stopAt = new Set<bigint>()
  stopCode: ErrorCode = 'MILLRACE_OUT_OF_MEMORY'
  /** Throws once at this offset, as a bug would. */
  throwAt: bigint | undefined
  isClosed = false
  /** Live and dead; undefined: none are dead. */
  rows: number | undefined
  waitingVectors = 0
  /** The `since` of every capture so far. */
  readonly captures: bigint[] = []
  private changes = new ModelChanges()
  private nextOffset = 0n
  private schemaVersion = 0
  private loadedDigest = ''
  /** Where the next frame lies in its file. */
  private filePosition = 0

  get ids(): ReadonlySet<string> {
    return this.changes.live
  }

  /** Makes the shard hold what its log does not say, as a broken memory would. */
  forge(id: string): void {
    this.changes.note(id, true, this.nextOffset)
  }

  async apply(batch: LogBatch): Promise<ApplyReport> {
    const outcomes: (AppliedRecord & { producerId: bigint })[] = []
    let stop: EngineError | undefined
    for (let index = 0; index < batch.count && stop === undefined; index++) {
      const offset = batch.offsets[index] ?? 0n
      if (offset < this.nextOffset) continue
      if (this.throwAt === offset) {
        this.throwAt = undefined
        throw new TypeError('a bug in apply')
      }
      if (this.stopAt.has(offset)) {
        stop = new EngineError(this.stopCode, { bytes: 1 })
        break
      }
      const start = batch.positions[index] ?? 0
      const frame = decodeFrame(
        batch.bytes.slice(start, start + (batch.lengths[index] ?? 0)),
        plainCrc32c,
        offset
      )
      const rejection = this.applyFrame(frame, offset)
      const { producerId, sequence, count: affected } = frame
      outcomes.push({ offset, producerId, sequence, affected, rejection })
      this.nextOffset = offset + 1n
    }
    return {
      applied: outcomes.length,
      stop,
      forEachOutcome: (producerId, visit) => {
        for (const outcome of outcomes) if (outcome.producerId === producerId) visit(outcome)
      }
    }
  }

  private applyFrame(
    frame: ReturnType<typeof decodeFrame>,
    offset: bigint
  ): AppliedRecord['rejection'] {
    if (frame.kind === recordKinds.schema) {
      this.schemaVersion = (readMeta(frame) as { version: number }).version
      return undefined
    }
    if (this.schemaVersion === 0) return { code: 'MILLRACE_SCHEMA_MISSING', details: { shard: 0 } }
    const section = frame.sections.find(({ kind }) => kind === sectionKinds.ids)
    for (const id of section === undefined ? [] : readIds(section)) {
      this.changes.note(String(id), frame.kind !== recordKinds.deletePoints, offset)
    }
    return undefined
  }

  state(): EngineShardState {
    return {
      nextOffset: this.nextOffset,
      visibleOffset: this.nextOffset,
      points: BigInt(this.ids.size),
      rows: this.rows ?? this.ids.size,
      waitingVectors: this.waitingVectors,
      indexedVectors: 0,
      schemaVersion: this.schemaVersion,
      recordsRejected: 0,
      memoryBytes: 0,
      diskBytes: 0,
      graphChanges: 0,
      digest: [...this.ids].sort().join(',')
    }
  }

  captureCheckpoint(since: bigint): CapturedState {
    this.captures.push(since)
    const { nextOffset, schemaVersion } = this
    const { digest } = this.state()
    const changed = this.changes.since(since)
    const state = { nextOffset: String(nextOffset), schemaVersion, digest }
    const frames = framesOf(changed, state)
    return {
      nextOffset,
      digest,
      rows: changed.filter(({ isLive }) => isLive).length,
      liveRows: this.ids.size,
      source: async () => frames.shift()
    }
  }

  async loadCheckpoint(bytes: Uint8Array): Promise<void> {
    for (const { changes, state, length } of readFrames(bytes, this.filePosition)) {
      this.filePosition = state === undefined ? this.filePosition + length : 0
      for (const { id, isLive, offset } of changes) this.changes.note(id, isLive, offset)
      if (state === undefined) continue
      this.nextOffset = BigInt(state.nextOffset)
      this.schemaVersion = state.schemaVersion
      this.loadedDigest = state.digest
    }
  }

  async finishLoad(): Promise<void> {
    if (this.state().digest === this.loadedDigest) return
    throw new EngineError('MILLRACE_CHECKPOINT_CORRUPT', { position: 0, reason: 'digest' })
  }

  async captureGraphs(): Promise<undefined> {}

  async loadGraphs(): Promise<void> {}

  async finishGraphs(): Promise<number> {
    return 0
  }

  setGrowth(): void {}

  replaceWith(other: EngineShard): void {
    // Only models meet here.
    const model = other as ModelShard
    this.changes = model.changes
    this.nextOffset = model.nextOffset
    this.schemaVersion = model.schemaVersion
    this.rows = model.rows
    model.isClosed = true
  }

  close(): void {
    this.isClosed = true
  }
}
