import type { CollectionDescription, ReplicaDescription } from '../actors/index.ts'
import type { ShardDirectory } from './domain/directory.ts'
import type { GatewayDescription } from './domain/node-port.ts'
import type { SlotSearches } from './engine/index.ts'
import type { Metrics } from './observability/index.ts'
import { searchesByName } from './service/index.ts'

/** Sets the gauges of every shard from what the actors show; called when the metrics page is read. */
export function refreshShardMetrics(
  metrics: Metrics,
  collections: readonly CollectionDescription[]
): void {
  metrics.collections.set(collections.length)
  for (const name of shardGauges) metrics[name].reset()
  for (const { collection, shards } of collections) {
    for (const shard of shards) {
      const labels = { collection, shard: String(shard.shard) }
      const figures = figuresOf(shard)
      for (const name of shardGauges) metrics[name].set(labels, figures[name])
    }
  }
}

type ShardGauge = keyof ReturnType<typeof figuresOf>

const shardGauges = [
  'shardPoints',
  'shardOffset',
  'replicaLag',
  'shardRejected',
  'shardMemoryBytes',
  'checkpointOffset',
  'checkpointBytes',
  'checkpointErrors',
  'checkpointDamaged',
  'rebuildsUnequal',
  'shardRows',
  'shardWaitingVectors',
  'optimizationsDone',
  'optimizationsFailed'
] as const satisfies readonly ShardGauge[]

function figuresOf(shard: ReplicaDescription) {
  const { newest, errors, damaged } = shard.checkpoint
  return {
    shardPoints: Number(shard.points),
    shardOffset: Number(shard.nextOffset),
    replicaLag: shard.lagRecords,
    shardRejected: shard.recordsRejected,
    shardMemoryBytes: shard.memoryBytes,
    checkpointOffset: Number(newest?.offset ?? 0),
    checkpointBytes: newest?.bytes ?? 0,
    checkpointErrors: errors,
    checkpointDamaged: damaged.length,
    rebuildsUnequal: shard.rebuildsUnequal,
    shardRows: shard.optimizer.rows,
    shardWaitingVectors: shard.optimizer.waitingVectors,
    optimizationsDone: shard.optimizer.done,
    optimizationsFailed: shard.optimizer.failed
  }
}

/** Sets what the planner decided for the searches of every shard. */
export function refreshSearchMetrics(metrics: Metrics, { collections }: ShardDirectory): void {
  metrics.shardSearches.reset()
  for (const view of collections.values()) {
    for (const shard of view.shards) {
      for (const { name, unfiltered, filtered } of searchesByName(view, shard)) {
        const labels = { collection: view.name, shard: String(shard.shard), vector: name }
        setSearches(metrics, { ...labels, filter: 'no' }, unfiltered)
        setSearches(metrics, { ...labels, filter: 'yes' }, filtered)
      }
    }
  }
}

function setSearches(
  { shardSearches }: Metrics,
  labels: Readonly<Record<'collection' | 'shard' | 'vector' | 'filter', string>>,
  searches: SlotSearches['filtered']
): void {
  for (const [path, { count }] of Object.entries(searches))
    shardSearches.set({ ...labels, path }, count)
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
