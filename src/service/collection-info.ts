import { type CollectionView, findCollection } from '../domain/directory.ts'
import { checkCollectionName } from '../domain/names.ts'
import type { CreateCollectionBody } from '../domain/schemas/index.ts'
import { findShard, shardState } from '../engine/index.ts'
import type { ServiceContext } from './context.ts'

const hnswDefaults = {
  m: 16,
  ef_construct: 100,
  full_scan_threshold: 10_000,
  max_indexing_threads: 0,
  on_disk: false
}
const optimizerDefaults = {
  deleted_threshold: 0.2,
  vacuum_min_vector_number: 1000,
  default_segment_number: 0,
  max_segment_size: null,
  memmap_threshold: null,
  indexing_threshold: 10_000,
  flush_interval_sec: 5,
  max_optimization_threads: null
}
const walDefaults = { wal_capacity_mb: 32, wal_segments_ahead: 0, wal_retain_closed: 1 }

/** What `GET /collections/{name}` answers. @throws MILLRACE_COLLECTION_NOT_FOUND */
export function collectionInfo(context: ServiceContext, name: string) {
  const view = findCollection(context.directory(), checkCollectionName(name, 'use'))
  // A shard that restarts is not there for a moment.
  const states = view.shards.flatMap(({ key }) => {
    const handle = findShard(key)
    return handle === null ? [] : [shardState(handle)]
  })
  return {
    ...statusOf(view),
    // Every search of this version is exact: no vector is in a graph.
    indexed_vectors_count: 0,
    points_count: states.reduce((sum, { points }) => sum + points, 0),
    segments_count: view.shards.length,
    config: configOf(view),
    payload_schema: {},
    update_queue: { length: lagOf(view) }
  }
}

function statusOf(view: CollectionView) {
  const stopped = view.shards.find(({ status }) => status.kind === 'stopped')?.status
  if (stopped?.kind === 'stopped')
    return { status: 'red', optimizer_status: { error: stopped.reason } }
  const isBehind = view.shards.some(({ status }) => status.kind === 'recovering')
  return { status: isBehind ? 'yellow' : 'green', optimizer_status: 'ok' }
}

function lagOf(view: CollectionView): number {
  return view.shards.reduce(
    (sum, { status }) => sum + (status.kind === 'recovering' ? status.lagRecords : 0),
    0
  )
}

function configOf(view: CollectionView) {
  const request = withoutNulls(view.spec.request)
  const { replication_factor, write_consistency_factor, on_disk_payload, sharding_method } = request
  return {
    params: {
      vectors: request.vectors ?? {},
      shard_number: view.spec.shardNumber,
      ...(sharding_method && { sharding_method }),
      replication_factor: replication_factor ?? 1,
      write_consistency_factor: write_consistency_factor ?? 1,
      on_disk_payload: on_disk_payload ?? true,
      ...(request.payload && { payload: request.payload })
    },
    hnsw_config: { ...hnswDefaults, ...request.hnsw_config },
    optimizer_config: {
      ...optimizerDefaults,
      ...(request.optimizers_config ?? request.optimizer_config)
    },
    wal_config: { ...walDefaults, ...request.wal_config },
    quantization_config: request.quantization_config ?? request.quantization ?? null,
    ...(request.strict_mode_config && { strict_mode_config: request.strict_mode_config }),
    ...(request.metadata && { metadata: view.spec.request.metadata })
  }
}

/** The echo shows only what the user set. */
function withoutNulls(request: CreateCollectionBody): CreateCollectionBody {
  const strip = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, member]) => member !== null && member !== undefined)
        .map(([key, member]) => [key, strip(member)])
    )
  }
  // Leaving out nulls keeps the type: every nullable member is optional.
  return strip(request) as CreateCollectionBody
}
