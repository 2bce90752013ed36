/** A query without a `query`: points in id order, as hits that all score 1. */
import type { CollectionView } from '../domain/directory.ts'
import {
  bucketOf,
  hitEntryBytes,
  type PointIds,
  type PointShape,
  parsePointIds,
  type SearchHits
} from '../engine/index.ts'
import type { ShardAccess } from './shard-access.ts'

export interface IdOrderPlan {
  readonly offset: number
  readonly limit: number
  /** Packed, or null for all points. */
  readonly filter: Uint8Array | null
}

/** @returns the whole response body */
export async function answerInIdOrder(
  view: CollectionView,
  shards: ShardAccess,
  { offset, limit, filter }: IdOrderPlan,
  shape: PointShape
): Promise<Buffer> {
  const bare = { payload: false, vectors: false, startNs: shape.startNs }
  const page = await shards.renderScroll(null, offset + limit, bare, filter)
  const ids = parsePointIds(idsOfPage(page).slice(offset))
  const shardOf = Array.from(
    { length: ids.count },
    (_, index) => view.shardOfBucket[bucketOf(ids, index)] ?? 0
  )
  const hits = view.shards.map((_, shard) => hitsOf(ids, shardOf, shard))
  return shards.renderHits(hits, orderOf(shardOf, hits.length), shape, 'query')
}

/** A page without payloads and vectors holds nothing but ids. */
function idsOfPage(page: Buffer): string[] {
  const text = page.toString('latin1')
  const points = text.slice(0, text.indexOf(']'))
  return Array.from(points.matchAll(/"id":"?([^"}]+)/g), ([, id = '']) => id)
}

function hitsOf(ids: PointIds, shardOf: readonly number[], shard: number): SearchHits {
  const own = shardOf.flatMap((of, index) => (of === shard ? [index] : []))
  const entries = Buffer.alloc(own.length * hitEntryBytes)
  own.forEach((index, rank) => {
    const to = rank * hitEntryBytes
    ids.entries.copy(entries, to, index * idEntryBytes, index * idEntryBytes + 4)
    entries.writeFloatLE(1, to + 4)
    ids.entries.copy(entries, to + 16, index * idEntryBytes + 8, (index + 1) * idEntryBytes)
  })
  return { entries, largerIsBetter: true, nextOffset: 0n }
}

/** An entry of `PointIds`: flags, bucket, 16 bytes of id. */
const idEntryBytes = 24

function orderOf(shardOf: readonly number[], shards: number): Uint32Array {
  const next = new Array<number>(shards).fill(0)
  return Uint32Array.from(
    shardOf.flatMap((shard) => {
      const index = next[shard] ?? 0
      next[shard] = index + 1
      return [shard, index]
    })
  )
}
