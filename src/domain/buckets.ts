/** Ids fall into buckets by hash; a generation maps buckets to shards. @see contract: routing */
export const bucketCount = 4096

/** @returns u16[bucketCount]: equal, contiguous ranges of buckets, one for each shard */
export function evenBucketMap(shards: number): Uint16Array {
  return Uint16Array.from({ length: bucketCount }, (_, bucket) =>
    Math.floor((bucket * shards) / bucketCount)
  )
}
