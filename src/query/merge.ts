import type { Hits } from '../engine/index.ts'

/**
 * Merges hit lists, each best first, into the winners from `offset` on. Equal scores are ordered by id:
 * the larger first where larger scores are better, else the smaller.
 *
 * @returns u32 pairs (list, hit) in order
 */
export function mergeHits(lists: readonly Hits[], offset: number, limit: number): Uint32Array {
  const heads = lists.map(() => 0)
  const total = lists.reduce((sum, { count }) => sum + count, 0)
  const end = Math.min(total, offset + limit)
  const winners = new Uint32Array(2 * Math.max(0, end - offset))
  for (let rank = 0; rank < end; rank++) {
    const list = bestHead(lists, heads)
    const hit = heads[list] ?? 0
    heads[list] = hit + 1
    if (rank >= offset) winners.set([list, hit], 2 * (rank - offset))
  }
  return winners
}

function bestHead(lists: readonly Hits[], heads: readonly number[]): number {
  let best = -1
  lists.forEach((hits, list) => {
    const head = heads[list] ?? 0
    if (head >= hits.count) return
    const rival = lists[best]
    if (rival === undefined || isBefore(hits, head, rival, heads[best] ?? 0)) best = list
  })
  return best
}

function isBefore(a: Hits, hitA: number, b: Hits, hitB: number): boolean {
  const [scoreA, scoreB] = [a.scoreAt(hitA), b.scoreAt(hitB)]
  if (scoreA !== scoreB) return a.largerIsBetter ? scoreA > scoreB : scoreA < scoreB
  const order = a.compareIds(hitA, b, hitB)
  return a.largerIsBetter ? order > 0 : order < 0
}
