import type { CollectionDescription } from '../actors/index.ts'
import type { GatewayDescription } from './domain/node-port.ts'
import type { Metrics } from './observability/index.ts'

/** Sets the gauges of every shard from what the actors show; called when the metrics page is read. */
export function refreshShardMetrics(
  metrics: Metrics,
  collections: readonly CollectionDescription[]
): void {
  metrics.collections.set(collections.length)
  const { shardPoints, shardOffset, replicaLag, shardRejected, shardMemoryBytes } = metrics
  const gauges = [shardPoints, shardOffset, replicaLag, shardRejected, shardMemoryBytes]
  for (const gauge of gauges) gauge.reset()
  for (const { collection, shards } of collections) {
    for (const shard of shards) {
      const labels = { collection, shard: String(shard.shard) }
      shardPoints.set(labels, Number(shard.points))
      shardOffset.set(labels, Number(shard.nextOffset))
      replicaLag.set(labels, shard.lagRecords)
      shardRejected.set(labels, shard.recordsRejected)
      shardMemoryBytes.set(labels, shard.memoryBytes)
    }
  }
}

/** The same for the gateways. */
export function refreshGatewayMetrics(
  metrics: Metrics,
  gateways: readonly GatewayDescription[]
): void {
  metrics.gatewaysServing.set(gateways.filter(({ state }) => state === 'serving').length)
  for (const { gateway, restarts } of gateways)
    metrics.gatewayRestarts.set({ gateway: String(gateway) }, restarts)
}
