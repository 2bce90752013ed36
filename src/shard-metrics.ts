import type { CollectionDescription } from '../actors/index.ts'
import type { Metrics } from './observability/index.ts'

/** Sets the gauges of every shard from what the actors show; called when the metrics page is read. */
export function refreshShardMetrics(
  metrics: Metrics,
  collections: readonly CollectionDescription[]
): void {
  metrics.collections.set(collections.length)
  const gauges = [metrics.shardPoints, metrics.shardOffset, metrics.replicaLag]
  for (const gauge of gauges) gauge.reset()
  for (const { collection, shards } of collections) {
    for (const shard of shards) {
      const labels = { collection, shard: String(shard.shard) }
      metrics.shardPoints.set(labels, Number(shard.points))
      metrics.shardOffset.set(labels, Number(shard.nextOffset))
      metrics.replicaLag.set(labels, shard.lagRecords)
    }
  }
}
