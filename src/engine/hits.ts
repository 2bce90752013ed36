/**
 * Hits of one shard as they leave the engine, pass between threads and nodes, and go back into it to be rendered.
 * Entries of 32 bytes, little-endian, best first:
 *
 *     0  u32  flags: bit 0 set when the id is a UUID
 *     4  f32  score, as reported
 *     8  u64  version of the point
 *     16      id: a UUID's 16 bytes in printed order, or the number as u64 and eight zero bytes
 */
export interface SearchHits {
  readonly entries: Buffer
  /** Similarities; otherwise distances. */
  readonly largerIsBetter: boolean
  /** The state that was searched. */
  readonly nextOffset: bigint
}

export const hitEntryBytes = 32

export function hitCount(hits: SearchHits): number {
  return hits.entries.length / hitEntryBytes
}

export function hitScore(hits: SearchHits, index: number): number {
  return hits.entries.readFloatLE(index * hitEntryBytes + 4)
}

export function hitVersion(hits: SearchHits, index: number): bigint {
  return hits.entries.readBigUInt64LE(index * hitEntryBytes + 8)
}

/** The id as JSON would show it. */
export function hitId(hits: SearchHits, index: number): bigint | string {
  const at = index * hitEntryBytes
  if (hits.entries.readUInt32LE(at) === 0) return hits.entries.readBigUInt64LE(at + 16)
  const hex = hits.entries.toString('hex', at + 16, at + 32)
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

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
  const order = left === right ? compareIds(a, i, b, j) : left - right
  return a.largerIsBetter ? order > 0 : order < 0
}

/** Numbers before UUIDs. */
function compareIds(a: SearchHits, i: number, b: SearchHits, j: number): number {
  const [left, right] = [i * hitEntryBytes, j * hitEntryBytes]
  const kind = a.entries.readUInt32LE(left) - b.entries.readUInt32LE(right)
  if (kind !== 0) return kind
  if (a.entries.readUInt32LE(left) === 1)
    return a.entries.compare(b.entries, right + 16, right + 32, left + 16, left + 32)
  const [x, y] = [a.entries.readBigUInt64LE(left + 16), b.entries.readBigUInt64LE(right + 16)]
  return x < y ? -1 : x > y ? 1 : 0
}
