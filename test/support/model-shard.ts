import type {
  AppliedRecord,
  ApplyReport,
  EngineShard,
  EngineShardState
} from '../../actors/index.ts'
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

/** A shard as a set of ids: enough for the actors, and it can be told to fail. */
export class ModelShard implements EngineShard {
  readonly ids = new Set<string>()
  /** Offsets at which apply stops as if there were no memory, until they are taken out. */
  readonly stopAt = new Set<bigint>()
  stopCode: ErrorCode = 'MILLRACE_OUT_OF_MEMORY'
  /** Throws once at this offset, as a bug would. */
  throwAt: bigint | undefined
  isClosed = false
  private nextOffset = 0n
  private schemaVersion = 0

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
      const rejection = this.applyFrame(frame)
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

  private applyFrame(frame: ReturnType<typeof decodeFrame>): AppliedRecord['rejection'] {
    if (frame.kind === recordKinds.schema) {
      this.schemaVersion = (readMeta(frame) as { version: number }).version
      return undefined
    }
    if (this.schemaVersion === 0) return { code: 'MILLRACE_SCHEMA_MISSING', details: { shard: 0 } }
    const section = frame.sections.find(({ kind }) => kind === sectionKinds.ids)
    for (const id of section === undefined ? [] : readIds(section)) {
      if (frame.kind === recordKinds.deletePoints) this.ids.delete(String(id))
      else this.ids.add(String(id))
    }
    return undefined
  }

  state(): EngineShardState {
    return {
      nextOffset: this.nextOffset,
      points: BigInt(this.ids.size),
      schemaVersion: this.schemaVersion,
      recordsRejected: 0,
      memoryBytes: 0,
      digest: [...this.ids].sort().join(',')
    }
  }

  close(): void {
    this.isClosed = true
  }
}
