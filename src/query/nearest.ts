/** Runs a nearest-points query: scatter to the shards, merge, and render the winners. */
import type { CollectionView } from '../domain/directory.ts'
import {
  type Caller,
  type PointShape,
  renderHits,
  type SearchHits,
  type ShardHandle,
  searchShard
} from '../engine/index.ts'
import { mergeHits } from './merge.ts'
import type { NearestPlan } from './plan.ts'
import { shardHandles } from './shard-handles.ts'

/**
 * @param form        `query`: the points in an object; `search`: a bare list
 * @param deadlineNs  on the clock of `process.hrtime.bigint()`
 * @returns           the whole response body
 */
export async function answerNearest(
  view: CollectionView,
  plan: NearestPlan,
  shape: PointShape,
  form: 'query' | 'search',
  deadlineNs: bigint,
  caller: Caller
): Promise<Buffer> {
  const shards = shardHandles(view)
  const hits = await scatter(shards, plan, deadlineNs, caller)
  return renderHits(shards, hits, mergeHits(hits, plan.offset, plan.limit), shape, form)
}

function scatter(
  shards: readonly ShardHandle[],
  plan: NearestPlan,
  deadlineNs: bigint,
  caller: Caller
): Promise<SearchHits[]> {
  const { slot, query, k, exact, ef, scoreThreshold, filter } = plan
  const search = { slot, query, k, exact, ef, deadlineNs, filter }
  const searchPlan = scoreThreshold === undefined ? search : { ...search, scoreThreshold }
  return Promise.all(shards.map((shard) => searchShard(shard, searchPlan, caller)))
}
