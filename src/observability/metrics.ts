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
    gatewaysServing: new Gauge({
      name: 'millrace_gateways_serving',
      help: 'gateway threads that serve now',
      registers
    }),
    gatewayRestarts: new Gauge({
      name: 'millrace_gateway_restarts',
      help: 'times that a gateway thread died and was started again',
      labelNames: ['gateway'],
      registers
    }),
    nodeState: new Gauge({
      name: 'millrace_node_state',
      help: '1 for the state that the node is in',
      labelNames: ['state'],
      registers
    }),
    actors: new Gauge({
      name: 'millrace_actors',
      help: 'actors of this node by kind and health: ok, busy, stuck, crashLooping, halted',
      labelNames: ['kind', 'health'],
      registers
    }),
    actorRestarts: new Gauge({
      name: 'millrace_actor_restarts',
      help: 'times that actors of a kind failed and were started again since they were last healthy for long',
      labelNames: ['kind'],
      registers
    }),
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
    checkpointOffset: new Gauge({
      name: 'millrace_checkpoint_next_offset',
      help: 'offset of a shard’s newest checkpoint',
      labelNames: ['collection', 'shard'],
      registers
    }),
    checkpointBytes: new Gauge({
      name: 'millrace_checkpoint_bytes',
      help: 'bytes of the files of a shard’s newest checkpoint',
      labelNames: ['collection', 'shard'],
      registers
    }),
    checkpointErrors: new Gauge({
      name: 'millrace_checkpoint_errors',
      help: 'checkpoints that could not be written since the start',
      labelNames: ['collection', 'shard'],
      registers
    }),
    checkpointDamaged: new Gauge({
      name: 'millrace_checkpoint_files_damaged',
      help: 'checkpoint files found damaged and set aside since the start',
      labelNames: ['collection', 'shard'],
      registers
    }),
    rebuildsUnequal: new Gauge({
      name: 'millrace_shard_rebuilds_unequal',
      help: 'rebuilds since the start whose digest was not that of the shard that served',
      labelNames: ['collection', 'shard'],
      registers
    }),
    shardRows: new Gauge({
      name: 'millrace_shard_rows',
      help: 'rows of a shard, live and dead',
      labelNames: ['collection', 'shard'],
      registers
    }),
    shardWaitingVectors: new Gauge({
      name: 'millrace_shard_vectors_waiting',
      help: 'vectors of a shard that are to get into a graph and are not there yet',
      labelNames: ['collection', 'shard'],
      registers
    }),
    shardSearches: new Gauge({
      name: 'millrace_shard_searches',
      help: 'searches of a shard since it was opened, by how they found their hits',
      labelNames: ['collection', 'shard', 'vector', 'filter', 'path'],
      registers
    }),
    optimizationsDone: new Gauge({
      name: 'millrace_optimizations_done',
      help: 'segments that were built and swapped in since the start',
      labelNames: ['collection', 'shard'],
      registers
    }),
    optimizationsFailed: new Gauge({
      name: 'millrace_optimizations_failed',
      help: 'segments whose building failed since the start',
      labelNames: ['collection', 'shard'],
      registers
    }),
    shardMemoryBytes: new Gauge({
      name: 'millrace_shard_memory_bytes',
      help: 'memory that the native shard holds',
      labelNames: ['collection', 'shard'],
      registers
    }),
    ingests: ingestGauges(registers),
    diskFreeBytes: new Gauge({
      name: 'millrace_disk_free_bytes',
      help: 'bytes free on the disk of the data folder, when it was asked last',
      registers
    }),
    diskLow: new Gauge({
      name: 'millrace_disk_low',
      help: '1 while writes are refused because of storage.minFreeBytes, else 0',
      registers
    }),
    memoryBudgetBytes: new Gauge({
      name: 'millrace_memory_budget_bytes',
      help: 'memory.budgetBytes, or what it stands for',
      registers
    }),
    memoryLow: new Gauge({
      name: 'millrace_memory_low',
      help: '1 while writes are refused because of memory.budgetBytes, else 0',
      registers
    }),
    refusals: new Gauge({
      name: 'millrace_refused_writes',
      help: 'requests refused for want of disk space or memory since the start',
      registers
    })
  }
}

export type Metrics = ReturnType<typeof createMetrics>

/** Of each ingest that this node runs. */
function ingestGauges(registers: Registry[]) {
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `millrace_ingest_${name}`, help, labelNames: ['ingest'], registers })
  return {
    running: gauge('running', '1 while the ingest reads, else 0'),
    lag: gauge('lag_messages', 'messages of its topics that are not applied'),
    messages: gauge('messages', 'messages applied or set aside since this node runs it'),
    deadLetters: gauge('dead_letters', 'messages set aside since this node runs it'),
    restarts: gauge('restarts', 'times that the source failed and was opened again')
  }
}
