import type { CollectionView } from '../domain/directory.ts'
import {
  type Caller,
  countPoints,
  type IdOrderPlan,
  type PointIds,
  type PointShape,
  renderHits,
  renderInIdOrder,
  renderPoint,
  renderPoints,
  renderScroll,
  type SearchHits,
  type SearchPlan,
  searchShard
} from '../engine/index.ts'
import { shardHandles } from './shard-handles.ts'

/**
 * How a read reaches the shards of one collection: by calls into the engine, or by messages to the nodes that have them.
 * Shards are named by their index in the collection.
 */
export interface ShardAccess {
  /** @returns the hits of each shard */
  search(plan: SearchPlan, caller: Caller): Promise<readonly SearchHits[]>
  /** As `renderHits` of the engine. */
  renderHits(
    hits: readonly SearchHits[],
    order: Uint32Array,
    shape: PointShape,
    form: 'query' | 'search'
  ): Buffer | null | Promise<Buffer | null>
  /** As `renderPoints` of the engine. */
  renderPoints(ids: PointIds, shardOf: Uint32Array, shape: PointShape): Buffer | Promise<Buffer>
  /** As `renderPoint` of the engine. */
  renderPoint(
    shard: number,
    id: PointIds,
    shape: PointShape
  ): Buffer | null | Promise<Buffer | null>
  /** As `renderScroll` of the engine. */
  renderScroll(
    from: PointIds | null,
    limit: number,
    shape: PointShape,
    filter: Uint8Array | null
  ): Buffer | Promise<Buffer>
  /** As `renderInIdOrder` of the engine. */
  renderInIdOrder(plan: IdOrderPlan, shape: PointShape): Buffer | Promise<Buffer>
  /** As `countPoints` of the engine. */
  count(filter: Uint8Array | null): number | Promise<number>
}

/** The shards in this process. @throws MILLRACE_SHARD_CLOSED while one of them restarts */
export function localShards(view: CollectionView): ShardAccess {
  const handles = shardHandles(view)
  return {
    search: (plan, caller) =>
      Promise.all(handles.map((handle) => searchShard(handle, plan, caller))),
    renderHits: (hits, order, shape, form) => renderHits(handles, hits, order, shape, form),
    renderPoints: (ids, shardOf, shape) => renderPoints(handles, ids, shardOf, shape),
    renderPoint(shard, id, shape) {
      const handle = handles[shard]
      return handle === undefined ? null : renderPoint(handle, id, shape)
    },
    renderScroll: (from, limit, shape, filter) => renderScroll(handles, from, limit, shape, filter),
    renderInIdOrder: (plan, shape) => renderInIdOrder(handles, plan, shape),
    count: (filter) => countPoints(handles, filter)
  }
}
