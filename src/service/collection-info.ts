import { vectorParamsByName } from '../domain/collection.ts'
import { tidySettings } from '../domain/collection-settings.ts'
import { type CollectionView, findCollection } from '../domain/directory.ts'
import { checkCollectionName } from '../domain/names.ts'
import { defersPoints, optimizerDefaults } from '../domain/optimizer-settings.ts'
import { findShard, shardState } from '../engine/index.ts'
import { collectionStatus } from './collection-status.ts'
import type { ServiceContext } from './context.ts'
import { deferredPoints } from './shard-facts.ts'

const hnswDefaults = {
  m: 16,
  ef_construct: 100,
  full_scan_threshold: 10_000,
  max_indexing_threads: 0,
  on_disk: false
}
const optimizerConfigDefaults = {
  ...optimizerDefaults,
  default_segment_number: 0,
  max_segment_size: null,
  memmap_threshold: null,
  indexing_threshold: 10_000,
  flush_interval_sec: 5,
  max_optimization_threads: null
}
const walDefaults = { wal_capacity_mb: 32, wal_segments_ahead: 0, wal_retain_closed: 1 }

/** What `GET /collections/{name}` answers. @throws MILLRACE_COLLECTION_NOT_FOUND */
export async function collectionInfo(context: ServiceContext, name: string) {
  const view = findCollection(context.directory(), checkCollectionName(name, 'use'))
  const id = view.id.toString()
  const facts = (await context.node.describe(view.id)).find((known) => known.id === id)
  // A shard that restarts is not there for a moment.
  const states = view.shards.flatMap(({ key }) => {
    const handle = findShard(key)
    return handle === null ? [] : [shardState(handle)]
  })
  const { reasons, ...status } = collectionStatus(view, facts)
  const warnings = [...warningsOf(view), ...reasons.map((message) => ({ message }))]
  return {
    ...status,
    ...(warnings.length > 0 && { warnings }),
    indexed_vectors_count: states.reduce((sum, { indexedVectors }) => sum + indexedVectors, 0),
    points_count: states.reduce((sum, { points }) => sum + points, 0),
    segments_count: view.shards.length,
    config: collectionConfig(view),
    payload_schema: {},
    update_queue: {
      length: facts?.shards.reduce((sum, shard) => sum + shard.lagRecords, 0) ?? 0,
      ...(defersPoints(view.spec) && {
        deferred_points: view.shards.reduce((sum, shard) => sum + deferredPoints(shard), 0)
      })
    }
  }
}

function warningsOf({ spec }: CollectionView): { message: string }[] {
  const request = tidySettings(spec.request)
  const withoutQuantization = Object.entries(vectorParamsByName(request)).flatMap(
    ([name, params]) => {
      const isInline = params.hnsw_config?.inline_storage ?? request.hnsw_config?.inline_storage
      const isQuantized = params.quantization_config ?? request.quantization_config
      return isInline && !isQuantized ? [name] : []
    }
  )
  return [
    ...withoutQuantization.map((name) => ({
      message: `Vector \`${name}\` has hnsw_config.inline_storage without quantization, so that it has no effect`
    })),
    ...(request.strict_mode_config?.enabled
      ? [{ message: 'strict_mode_config is kept, but this version does not enforce it' }]
      : [])
  ]
}

/** What the user has set, over the defaults. */
export function collectionConfig(view: CollectionView) {
  const request = tidySettings(view.spec.request)
  const { replication_factor, write_consistency_factor, on_disk_payload, sharding_method } = request
  const { max_optimization_threads: threads, ...optimizers } = request.optimizers_config ?? {}
  return {
    params: {
      vectors: request.vectors ?? {},
      ...(request.sparse_vectors && { sparse_vectors: request.sparse_vectors }),
      shard_number: view.spec.shardNumber,
      ...(sharding_method && { sharding_method }),
      replication_factor: replication_factor ?? 1,
      write_consistency_factor: write_consistency_factor ?? 1,
      ...view.spec.readFanOut,
      on_disk_payload: on_disk_payload ?? true,
      ...(request.payload && { payload: request.payload })
    },
    hnsw_config: { ...hnswDefaults, ...request.hnsw_config },
    optimizer_config: {
      ...optimizerConfigDefaults,
      ...optimizers,
      ...(typeof threads === 'number' && { max_optimization_threads: threads })
    },
    wal_config: { ...walDefaults, ...request.wal_config },
    quantization_config: request.quantization_config ?? null,
    ...(request.strict_mode_config && { strict_mode_config: request.strict_mode_config }),
    ...(request.metadata && { metadata: request.metadata })
  }
}
