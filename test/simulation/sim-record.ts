/** What a record of the simulation says: a value for each of some points, or their end. */
import {
  encodeFrame,
  type Frame,
  idsSection,
  metaSection,
  readIds,
  readMeta,
  recordKinds,
  sectionKinds
} from '../../src/domain/record/index.ts'
import { crc32c } from '../../streams/index.ts'

export interface SimWrite {
  readonly collectionId: bigint
  /** Names the operation, so that the log tells what became of it. */
  readonly operation: string
  readonly ids: readonly number[]
  /** null deletes the points. */
  readonly value: string | null
}

export function encodeWrite({ collectionId, operation, ids, value }: SimWrite): Uint8Array {
  const kind = value === null ? recordKinds.deletePoints : recordKinds.upsert
  const sections = [idsSection(ids.map(BigInt)), metaSection({ operation, value })]
  return encodeFrame({ kind, collectionId, schemaVersion: 1, count: ids.length, sections }, crc32c)
}

export function decodeWrite(frame: Frame): Omit<SimWrite, 'collectionId'> | undefined {
  if (frame.kind !== recordKinds.deletePoints && frame.kind !== recordKinds.upsert) return undefined
  const section = frame.sections.find(({ kind }) => kind === sectionKinds.ids)
  // It is what encodeWrite wrote, and the frame's checksums held.
  const { operation, value } = readMeta(frame) as { operation: string; value: string | null }
  return { operation, value, ids: section === undefined ? [] : readIds(section).map(Number) }
}
