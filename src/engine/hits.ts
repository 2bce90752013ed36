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

/** Orders two hits by id, all numbers before all UUIDs. @returns < 0, 0 or > 0 */
export function compareHitIds(a: SearchHits, i: number, b: SearchHits, j: number): number {
  const [left, right] = [i * hitEntryBytes, j * hitEntryBytes]
  const kind = a.entries.readUInt32LE(left) - b.entries.readUInt32LE(right)
  if (kind !== 0) return kind
  if (a.entries.readUInt32LE(left) === 1)
    return a.entries.compare(b.entries, right + 16, right + 32, left + 16, left + 32)
  const [x, y] = [a.entries.readBigUInt64LE(left + 16), b.entries.readBigUInt64LE(right + 16)]
  return x < y ? -1 : x > y ? 1 : 0
}
