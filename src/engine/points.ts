import { EngineError } from '../errors/index.ts'
import type { SearchHits } from './hits.ts'
import {
  callNative,
  callNativeOrLater,
  type NativeShape,
  native,
  type ShardHandle
} from './native.ts'

/** Ids that the engine has read. Entries of 24 bytes: u32 flags (1: UUID), u32 bucket, 16 bytes as in a hit. */
export interface PointIds {
  readonly entries: Buffer
  readonly count: number
}

/** What is shown of points. */
export interface PointShape {
  readonly payload:
    | boolean
    | { readonly include: readonly string[] }
    | { readonly exclude: readonly string[] }
  /** Names: just these. */
  readonly vectors: boolean | readonly string[]
  /** When the request came in, by `process.hrtime.bigint()`; for the response's `time`. */
  readonly startNs: bigint
}

/** A query that has nothing to compare points with. */
export interface IdOrderPlan {
  readonly offset: number
  readonly limit: number
  /** Packed, or null for all points. */
  readonly filter: Uint8Array | null
}

const idEntryBytes = 24

/**
 * Reads ids given as text: decimal digits, or a UUID in any of its forms.
 * @throws MILLRACE_POINT_ID_INVALID for the first that is neither
 */
export function parsePointIds(texts: readonly string[]): PointIds {
  const { entries, invalid } = callNative(() => native.parsePointIds(texts))
  if (invalid >= 0) throw new EngineError('MILLRACE_POINT_ID_INVALID', { id: texts[invalid] ?? '' })
  return { entries, count: texts.length }
}

/** The bucket that decides over an id's shard. */
export function bucketOf(ids: PointIds, index: number): number {
  return ids.entries.readUInt32LE(index * idEntryBytes + 4)
}

/**
 * The whole response for hits, rendered inside the call or, when that takes long, on an engine thread. Payload and vectors are those that the search saw.
 * @param order  pairs (shard index, hit index), best first
 * @param form   `query`: `{"points":[…]}`; `search`: the bare list
 * @returns      null when a shard does not know what a hit saw, because its segment was replaced since: search again
 */
export function renderHits(
  shards: readonly ShardHandle[],
  hits: readonly SearchHits[],
  order: Uint32Array,
  shape: PointShape,
  form: 'query' | 'search'
): Buffer | null | Promise<Buffer | null> {
  const entries = hits.map((one) => one.entries)
  return callNativeOrLater(() =>
    native.renderHits(shards, entries, order, toNative(shape), form === 'query')
  )
}

/**
 * The whole response for points by id, in the order of `ids`; unknown ones are missing, repeated ones appear once.
 * @param shardOf  for each id the index of its shard in `shards`
 */
export function renderPoints(
  shards: readonly ShardHandle[],
  ids: PointIds,
  shardOf: Uint32Array,
  shape: PointShape
): Buffer | Promise<Buffer> {
  const response = callNativeOrLater(() =>
    native.renderPoints(shards, ids.entries, shardOf, toNative(shape), false)
  )
  // Only a single point can be missing as a whole.
  return response as Buffer | Promise<Buffer>
}

/** The whole response for one point; null when it does not exist. */
export function renderPoint(shard: ShardHandle, id: PointIds, shape: PointShape): Buffer | null {
  return callNative(() =>
    native.renderPoints([shard], id.entries, new Uint32Array(id.count), toNative(shape), true)
  ) as Buffer | null // a single point is never a promise
}

/**
 * The whole response for a page of points in id order over all shards.
 * @param from    first id wanted, or null for the beginning
 * @param filter  as in a SearchPlan: only points that match
 */
export function renderScroll(
  shards: readonly ShardHandle[],
  from: PointIds | null,
  limit: number,
  shape: PointShape,
  filter: Uint8Array | null = null
): Buffer | Promise<Buffer> {
  return callNativeOrLater(() =>
    native.renderScroll(shards, from?.entries ?? null, limit, toNative(shape), filter, null)
  )
}

/** The whole response for such a query: points in id order, as hits with score 1 and version 0. */
export function renderInIdOrder(
  shards: readonly ShardHandle[],
  { offset, limit, filter }: IdOrderPlan,
  shape: PointShape
): Buffer | Promise<Buffer> {
  return callNativeOrLater(() =>
    native.renderScroll(shards, null, offset + limit, toNative(shape), filter, offset)
  )
}

function toNative(shape: PointShape): NativeShape {
  const { payload, vectors, startNs } = shape
  if (typeof payload === 'boolean') return { payload, vectors, startNs }
  return { payload: true, ...payload, vectors, startNs }
}
