/** Metrics of collections and process under the names that dashboards of this API know. */
import type { Family, Sample } from './exposition.ts'
import { memoryFacts, processFacts } from './process-facts.ts'

export interface CollectionMetrics {
  readonly name: string
  readonly points: number
  readonly vectorNames: readonly string[]
  readonly shards: number
  readonly deadShards: number
  readonly queuedRecords: number
  readonly deferredPoints: number
  readonly runningOptimizations: number
  readonly memoryBytes: number
}

/** @param version  of the API */
export function nodeFamilies(version: string, collections: readonly CollectionMetrics[]): Family[] {
  const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
    name,
    help,
    type: 'gauge',
    samples
  })
  const one = (value: number): Sample[] => [{ value }]
  const each = (value: (collection: CollectionMetrics) => number): Sample[] =>
    collections.map((collection) => ({ labels: { id: collection.name }, value: value(collection) }))
  const eachVector = (value: (collection: CollectionMetrics) => number): Sample[] =>
    collections.flatMap((collection) =>
      collection.vectorNames.map((vector) => ({
        labels: { id: collection.name, vector },
        value: value(collection)
      }))
    )
  const total = (value: (collection: CollectionMetrics) => number) =>
    collections.reduce((sum, collection) => sum + value(collection), 0)
  const replicas = collections.map(({ shards, deadShards }) => (deadShards < shards ? 1 : 0))

  return [
    gauge('app_info', 'information about qdrant server', [
      { labels: { name: 'qdrant', version }, value: 1 }
    ]),
    gauge('app_status_recovery_mode', 'is server in recovery mode', one(0)),
    gauge('collections_total', 'number of collections', one(collections.length)),
    gauge(
      'collections_vector_total',
      'total number of vectors in all collections',
      one(total(({ points, vectorNames }) => points * vectorNames.length))
    ),
    gauge(
      'collection_points',
      'approximate amount of points per collection',
      each(({ points }) => points)
    ),
    gauge(
      'collection_vectors',
      'amount of vectors grouped by vector name',
      eachVector(({ points }) => points)
    ),
    gauge(
      'collection_indexed_only_excluded_points',
      'amount of points excluded in indexed_only requests',
      eachVector(() => 0)
    ),
    ...(replicas.length === 0
      ? []
      : [
          gauge(
            'collection_active_replicas_min',
            'minimum number of active replicas across all shards',
            one(Math.min(...replicas))
          ),
          gauge(
            'collection_active_replicas_max',
            'maximum number of active replicas across all shards',
            one(Math.max(...replicas))
          )
        ]),
    gauge(
      'collection_dead_replicas',
      'total amount of shard replicas in non-active state',
      one(total(({ deadShards }) => deadShards))
    ),
    gauge(
      'collection_running_optimizations',
      'number of currently running optimization tasks per collection',
      each(({ runningOptimizations }) => runningOptimizations)
    ),
    gauge(
      'collection_update_queue_length',
      'number of operations that are not applied yet',
      each(({ queuedRecords }) => queuedRecords)
    ),
    gauge(
      'collection_update_queue_deferred_points',
      'number of points that are applied and not shown yet',
      each(({ deferredPoints }) => deferredPoints)
    ),
    gauge('cluster_enabled', 'is cluster support enabled', one(0)),
    ...memoryFamilies(total(({ memoryBytes }) => memoryBytes)),
    ...processFamilies()
  ]
}

function memoryFamilies(shardBytes: number): Family[] {
  const memory = memoryFacts(shardBytes)
  const family = (name: string, help: string, value: number): Family => ({
    name: `memory_${name}_bytes`,
    help,
    type: 'gauge',
    samples: [{ value }]
  })
  return [
    family('active', 'bytes in active pages allocated by the application', memory.activeBytes),
    family('allocated', 'bytes allocated by the application', memory.allocatedBytes),
    family('metadata', 'bytes that allocators keep for themselves', memory.metadataBytes),
    family('resident', 'bytes in physically resident pages', memory.residentBytes),
    family('retained', 'bytes kept in virtual memory mappings', memory.retainedBytes)
  ]
}

/** Open and possible files are on the page already, under the same names. */
function processFamilies(): Family[] {
  const facts = processFacts()
  const families = [
    ['process_threads', 'number of threads', 'gauge', facts.threads],
    ['process_open_mmaps', 'number of open memory maps', 'gauge', facts.openMmaps],
    ['system_max_mmaps', 'most memory maps of a process', 'gauge', facts.mmapsMax],
    ['process_minor_page_faults_total', 'minor page faults', 'counter', facts.minorFaults],
    ['process_major_page_faults_total', 'major page faults', 'counter', facts.majorFaults]
  ] as const
  return families.map(([name, help, type, value]) => ({
    name,
    help,
    type,
    samples: value === undefined ? [] : [{ value }]
  }))
}
