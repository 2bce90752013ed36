/** The checkpoint of a model shard: frames of a few ids each, then one frame of state. */
import {
  decodeFrame,
  encodeFrame,
  idsSection,
  metaSection,
  readIds,
  readMeta,
  recordKinds,
  sealFrame,
  sectionKinds
} from '../../src/domain/record/index.ts'
import { EngineError } from '../../src/errors/index.ts'
import { plainCrc32c } from './crc32c.ts'

export interface ModelChange {
  readonly id: string
  readonly isLive: boolean
  readonly offset: bigint
}

export interface ModelState {
  readonly nextOffset: string
  readonly schemaVersion: number
  readonly digest: string
}

/** The last change of every id, of deleted ones as well. */
export class ModelChanges {
  readonly live = new Set<string>()
  private readonly last = new Map<string, ModelChange>()

  note(id: string, isLive: boolean, offset: bigint): void {
    if (isLive) this.live.add(id)
    else this.live.delete(id)
    this.last.set(id, { id, isLive, offset })
  }

  since(offset: bigint): ModelChange[] {
    return [...this.last.values()].filter(
      (one) => one.offset >= offset && (one.isLive || offset > 0n)
    )
  }
}

const idsPerFrame = 2

export function framesOf(changes: readonly ModelChange[], state: ModelState): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (const isLive of [true, false]) {
    const some = changes.filter((one) => one.isLive === isLive)
    for (let from = 0; from < some.length; from += idsPerFrame) {
      const rows = some.slice(from, from + idsPerFrame)
      const ids = idsSection(rows.map(({ id }) => BigInt(id)))
      const meta = metaSection({ offsets: rows.map(({ offset }) => String(offset)) })
      const kind = isLive ? recordKinds.upsert : recordKinds.deletePoints
      frames.push(frame(kind, rows.length, [ids, meta]))
    }
  }
  frames.push(frame(recordKinds.barrier, 0, [metaSection({ ...state })]))
  return frames
}

/**
 * @param filePosition  where the first of the frames lies in its file
 * @throws MILLRACE_CHECKPOINT_CORRUPT with the position in the file
 */
export function* readFrames(
  bytes: Uint8Array,
  filePosition: number
): Generator<{
  readonly changes: readonly ModelChange[]
  readonly state: ModelState | undefined
  readonly length: number
}> {
  let position = 0
  while (position < bytes.byteLength) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + position)
    const length = view.getUint32(44, true)
    yield {
      ...readFrame(bytes.slice(position, position + length), filePosition + position),
      length
    }
    position += length
  }
}

function readFrame(bytes: Uint8Array, position: number) {
  try {
    const found = decodeFrame(bytes, plainCrc32c)
    if (found.kind === recordKinds.barrier) {
      return { changes: [], state: readMeta(found) as ModelState }
    }
    const ids = found.sections.find(({ kind }) => kind === sectionKinds.ids)
    const { offsets } = readMeta(found) as { offsets: readonly string[] }
    const isLive = found.kind === recordKinds.upsert
    const changes = (ids === undefined ? [] : readIds(ids)).map((id, row) => ({
      id: String(id),
      isLive,
      offset: BigInt(offsets[row] ?? 0)
    }))
    return { changes, state: undefined }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new EngineError('MILLRACE_CHECKPOINT_CORRUPT', { position, reason }, { cause })
  }
}

function frame(
  kind: number,
  count: number,
  sections: Parameters<typeof encodeFrame>[0]['sections']
) {
  const bytes = encodeFrame(
    { kind, collectionId: 0n, schemaVersion: 1, count, sections },
    plainCrc32c
  )
  return sealFrame(bytes, { producerId: 0n, sequence: 0n, writerEpoch: 0 }, plainCrc32c)
}
