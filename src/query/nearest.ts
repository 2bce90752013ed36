/** Runs a nearest-points query: scatter to the shards, merge, and render the winners. */
import type { CollectionView } from '../domain/directory.ts'
import { type Hits, renderHits, searchShard } from '../engine/index.ts'
import { mergeHits } from './merge.ts'
import type { NearestPlan } from './plan.ts'
import type { RenderOptions } from './selector.ts'

/** @returns the whole response body */
export async function answerNearest(
  view: CollectionView,
  plan: NearestPlan,
  render: RenderOptions,
  deadlineMs: number
): Promise<Buffer> {
  const keys = view.shards.map(({ key }) => key)
  const hits = await scatter(keys, plan, deadlineMs)
  const winners = mergeHits(hits, plan.offset, plan.limit)
  return renderHits({ shards: keys, hits, winners, ...render })
}

function scatter(keys: readonly string[], plan: NearestPlan, deadlineMs: number): Promise<Hits[]> {
  return Promise.all(
    keys.map((key) =>
      searchShard(key, {
        slot: plan.slot,
        query: plan.query,
        k: plan.k,
        exact: plan.exact,
        ef: plan.ef,
        scoreThreshold: plan.scoreThreshold,
        timeoutMs: deadlineMs
      })
    )
  )
}
