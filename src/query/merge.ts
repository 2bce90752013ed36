import { compareHitIds, hitCount, hitScore, type SearchHits } from '../engine/index.ts'

/**
 * Merges the hits of several shards.
 * @returns pairs (shard index, hit index) of the hits from `offset` on, at most `limit`, best first; equal scores by
 *          id, descending for similarities and ascending for distances
 */
export function mergeHits(
  results: readonly SearchHits[],
  offset: number,
  limit: number
): Uint32Array {
  const next = results.map(() => 0)
  const available = results.reduce((sum, hits) => sum + hitCount(hits), 0)
  const end = Math.min(available, offset + limit)
  const order = new Uint32Array(2 * Math.max(0, end - offset))
  for (let rank = 0; rank < end; rank++) {
    const shard = bestShard(results, next)
    const index = next[shard] ?? 0
    if (rank >= offset) order.set([shard, index], 2 * (rank - offset))
    next[shard] = index + 1
  }
  return order
}

/** The shard whose next hit is best. */
function bestShard(results: readonly SearchHits[], next: readonly number[]): number {
  let best = -1
  for (const [shard, hits] of results.entries()) {
    const index = next[shard] ?? 0
    if (index >= hitCount(hits)) continue
    const leader = results[best]
    if (leader === undefined || isBetter(hits, index, leader, next[best] ?? 0)) best = shard
  }
  return best
}

function isBetter(a: SearchHits, i: number, b: SearchHits, j: number): boolean {
  const [left, right] = [hitScore(a, i), hitScore(b, j)]
  const order = left === right ? compareHitIds(a, i, b, j) : left - right
  return a.largerIsBetter ? order > 0 : order < 0
}
