import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/**
 * The metrics of the process and of the shards. Labels are few and bounded; never a point id. What gateways
 * count is summed when the page is read: request-metrics.ts.
 */
export function createMetrics(version: string) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]

  const info = new Gauge({
    name: 'millrace_info',
    help: 'the version that runs',
    labelNames: ['version'],
    registers
  })
  info.set({ version }, 1)

  return {
    registry,
    collections: new Gauge({
      name: 'millrace_collections',
      help: 'collections of this node',
      registers
    }),
    shardPoints: new Gauge({
      name: 'millrace_shard_points',
      help: 'live points of a shard',
      labelNames: ['collection', 'shard'],
      registers
    }),
    shardOffset: new Gauge({
      name: 'millrace_replica_next_offset',
      help: 'offset that the replica will apply next',
      labelNames: ['collection', 'shard'],
      registers
    }),
    replicaLag: new Gauge({
      name: 'millrace_replica_lag_records',
      help: 'records of the log that the replica has not applied',
      labelNames: ['collection', 'shard'],
      registers
    }),
    shardRejected: new Gauge({
      name: 'millrace_shard_records_rejected',
      help: 'records that apply rejected by a rule since the start',
      labelNames: ['collection', 'shard'],
      registers
    }),
    shardMemoryBytes: new Gauge({
      name: 'millrace_shard_memory_bytes',
      help: 'memory that the native shard holds',
      labelNames: ['collection', 'shard'],
      registers
    })
  }
}

export type Metrics = ReturnType<typeof createMetrics>
