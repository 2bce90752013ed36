/** Encodes the records of operations that carry no vectors of their own. */
import type { CollectionView } from '../domain/directory.ts'
import type { FilterMeta } from '../domain/filter/index.ts'
import type { PointId } from '../domain/point-id.ts'
import type { WriteRecord } from '../domain/ports.ts'
import {
  encodeFrame,
  idsSection,
  type MetaValue,
  metaSection,
  type recordKinds
} from '../domain/record/index.ts'
import { bucketOf, crc32c, parsePointIds } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import type { OperationScope } from './operation-scope.ts'

type RecordKind = (typeof recordKinds)[keyof typeof recordKinds]
export type RecordMeta = { readonly [name: string]: MetaValue | undefined }

/** Ids of one record: 16 bytes each keep it near 512 KiB. */
const idsPerRecord = 32_768

/** The points that an operation is about: those of a list, else those that match. */
export type Selection =
  | { readonly ids: readonly PointId[] }
  | { readonly ids: undefined; readonly filter: FilterMeta }

/** @param meta  what the records say besides their points */
export function recordsOf(
  scope: OperationScope,
  kind: RecordKind,
  selection: Selection,
  meta: RecordMeta = {}
): WriteRecord[] {
  if (selection.ids !== undefined) return recordsOfIds(scope, kind, selection.ids, meta)
  return recordsOfFilter(scope, kind, { ...meta, filter: selection.filter })
}

/** One record for each shard that has any of the points, more when they are many. */
export function recordsOfIds(
  scope: OperationScope,
  kind: RecordKind,
  ids: readonly PointId[],
  meta: RecordMeta
): WriteRecord[] {
  return [...idsByShard(scope.view, ids)].flatMap(([shard, list]) =>
    chunksOf(list, idsPerRecord).map((chunk) => ({
      shard,
      frame: frameOf(scope, kind, chunk, meta)
    }))
  )
}

/** Which points match is known to each shard only: the record goes to all. */
export function recordsOfFilter(
  scope: OperationScope,
  kind: RecordKind,
  meta: RecordMeta
): WriteRecord[] {
  const frame = frameOf(scope, kind, undefined, meta)
  // Each is stamped in place when it is appended.
  return scope.view.shards.map(({ shard }) => ({ shard, frame: frame.slice() }))
}

function frameOf(
  { view, limits }: OperationScope,
  kind: RecordKind,
  ids: readonly PointId[] | undefined,
  meta: RecordMeta
): Uint8Array {
  const sections = ids === undefined ? [] : [idsSection(ids)]
  if (Object.keys(meta).length > 0) sections.push(metaSection(meta))
  const frame = encodeFrame(
    {
      kind,
      collectionId: view.id,
      schemaVersion: view.schemaVersion,
      count: ids?.length ?? 0,
      sections
    },
    crc32c
  )
  checkRecordBytes(frame, limits.recordBytes)
  return frame
}

/** @throws MILLRACE_RECORD_TOO_LARGE */
export function checkRecordBytes(frame: Uint8Array, limit: number): void {
  const bytes = frame.byteLength
  if (bytes > limit) throw new EngineError('MILLRACE_RECORD_TOO_LARGE', { bytes, limit })
}

function idsByShard(view: CollectionView, ids: readonly PointId[]): Map<number, PointId[]> {
  const hashed = parsePointIds(ids.map(String))
  const byShard = new Map<number, PointId[]>()
  ids.forEach((id, index) => {
    const shard = view.shardOfBucket[bucketOf(hashed, index)] ?? 0
    const list = byShard.get(shard)
    if (list === undefined) byShard.set(shard, [id])
    else list.push(id)
  })
  return byShard
}

function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size)
  )
}
