/** What telemetry says of one collection, its shards and their one segment each. */
import { slotsOf, vectorParamsByName } from '../domain/collection.ts'
import { tidySettings } from '../domain/collection-settings.ts'
import type { CollectionView, ShardView } from '../domain/directory.ts'
import { indexesOf } from '../domain/index-settings.ts'
import type { CollectionFacts } from '../domain/node-port.ts'
import { defersPoints } from '../domain/optimizer-settings.ts'
import type { NativeShardState } from '../engine/index.ts'
import { replicaState } from './cluster.ts'
import { collectionConfig } from './collection-info.ts'
import { collectionStatus } from './collection-status.ts'
import { segmentUuid } from './optimizations.ts'
import { indexSearches } from './search-telemetry.ts'
import { collectionPoints, deferredPoints, nativeState, vectorBytes } from './shard-facts.ts'

type NameOf = (name: string) => string

/** @param nameOf  replaces names of users when they are not to be told */
export function collectionTelemetry(
  view: CollectionView,
  facts: CollectionFacts | undefined,
  peerId: number,
  level: number,
  nameOf: NameOf
) {
  const { params, ...config } = configFor(view, nameOf)
  if (level < 2) {
    return {
      vectors: collectionPoints(view) * slotsOf(view.spec).length,
      optimizers_status: collectionStatus(view, facts).optimizer_status,
      params
    }
  }
  return {
    id: nameOf(view.name),
    init_time_ms: null,
    config: { params, ...config },
    ...(level >= 3 && {
      shards: view.shards.map((shard) => ({
        id: shard.shard,
        key: null,
        local: localShard(view, shard, facts, level, nameOf),
        remote: [],
        replicate_states: { [peerId]: replicaState(shard.status) },
        partial_snapshot: {
          ongoing_create_snapshot_requests: 0,
          is_recovering: false,
          recovery_timestamp: 0
        }
      })),
      transfers: [],
      resharding: []
    })
  }
}

/** Without the names of vectors and without metadata when names are not to be told. */
function configFor(view: CollectionView, nameOf: NameOf) {
  const { metadata, params, ...config } = collectionConfig(view)
  const isAnonymous = nameOf(view.name) !== view.name
  if (!isAnonymous) return { ...config, params, ...(metadata && { metadata }) }
  const vectors = view.spec.vectors.map(({ name, size, distance, datatype }) => [
    nameOf(name),
    { size, distance, ...(datatype && { datatype }) }
  ])
  const { sparse_vectors: sparse, ...plain } = params
  const sparseVectors = Object.entries(sparse ?? {}).map(([name, one]) => [nameOf(name), one])
  return {
    ...config,
    params: {
      ...plain,
      vectors: Object.fromEntries(vectors),
      ...(sparse && { sparse_vectors: Object.fromEntries(sparseVectors) })
    }
  }
}

function localShard(
  view: CollectionView,
  shard: ShardView,
  facts: CollectionFacts | undefined,
  level: number,
  nameOf: NameOf
) {
  const state = nativeState(shard)
  const points = state?.points ?? 0
  const bytes = vectorBytes(view, points)
  const counts = Object.fromEntries(slotsOf(view.spec).map(({ name }) => [nameOf(name), points]))
  const optimizer = collectionStatus({ ...view, shards: [shard] }, facts)
  const optimizations = facts?.shards.find((known) => known.shard === shard.shard)?.optimizer
  return {
    variant_name: 'Local',
    status: optimizer.status,
    total_optimized_points: 0,
    vectors_size_bytes: bytes,
    // Whatever the shard holds beside vectors.
    payloads_size_bytes: Math.max(0, storedBytes(state) - bytes),
    num_points: points,
    num_vectors: points * slotsOf(view.spec).length,
    num_vectors_by_name: counts,
    optimizations: {
      status: optimizer.optimizer_status,
      optimizations: { count: optimizations?.done ?? 0 }
    },
    async_scorer: false,
    indexed_only_excluded_vectors: {},
    update_queue: {
      length: facts?.shards.find((known) => known.shard === shard.shard)?.lagRecords ?? 0,
      // Schema records are no operations of users.
      op_num: Math.max(0, Number(state?.nextOffset ?? 0n) - view.schemaVersion),
      ...(defersPoints(view.spec) && { deferred_points: deferredPoints(shard) })
    },
    ...(level >= 4 && { segments: [segment(view, shard, nameOf)] })
  }
}

/** In memory, and of vectors on the disk. */
function storedBytes(state: NativeShardState | undefined): number {
  return state === undefined ? 0 : state.memoryBytes + state.diskBytes
}

function segment(view: CollectionView, shard: ShardView, nameOf: NameOf) {
  const state = nativeState(shard)
  const points = state?.points ?? 0
  const bytes = vectorBytes(view, points)
  const { vectors, sparse = [] } = view.spec
  const request = tidySettings(view.spec.request)
  const params = vectorParamsByName(request)
  const indexes = indexesOf(view.spec)
  const isCold = (slot: number) =>
    indexes.some((index) => index.slot === slot && index.placement === 'cold')
  const quantizationConfig = (name: string) => {
    const config = params[name]?.quantization_config ?? request.quantization_config
    return config && { quantization_config: config }
  }
  const byName = <Slot extends { readonly name: string }, Value>(
    slots: readonly Slot[],
    value: (slot: Slot) => Value
  ) => Object.fromEntries(slots.map((slot) => [nameOf(slot.name), value(slot)]))
  return {
    info: {
      uuid: segmentUuid(shard),
      segment_type: 'plain',
      num_vectors: points * slotsOf(view.spec).length,
      num_points: points,
      num_deferred_points: deferredPoints(shard),
      num_indexed_vectors: state?.indexedVectors ?? 0,
      num_deleted_vectors: ((state?.rows ?? 0) - points) * slotsOf(view.spec).length,
      vectors_size_bytes: bytes,
      payloads_size_bytes: Math.max(0, storedBytes(state) - bytes),
      ram_usage_bytes: state?.memoryBytes ?? 0,
      disk_usage_bytes: state?.diskBytes ?? 0,
      is_appendable: true,
      index_schema: {},
      vector_data: byName(slotsOf(view.spec), () => ({
        num_vectors: points,
        num_indexed_vectors: 0,
        num_deleted_vectors: (state?.rows ?? 0) - points
      }))
    },
    config: {
      vector_data: byName(vectors, ({ slot, name, size, distance, datatype }) => ({
        size,
        distance,
        ...(datatype && { datatype }),
        storage_type: isCold(slot) ? 'ChunkedMmap' : 'Memory',
        index: { type: 'plain', options: {} },
        ...quantizationConfig(name)
      })),
      ...(sparse.length > 0 && {
        sparse_vector_data: byName(sparse, ({ slot }) => {
          const { weights: datatype } = indexes.find((index) => index.slot === slot) ?? {}
          return { index: { index_type: 'MutableRam', ...(datatype && { datatype }) } }
        })
      }),
      payload_storage_type: { type: 'in_ram_mmap' }
    },
    vector_index_searches: indexSearches(view, shard, nameOf),
    payload_field_indices: []
  }
}
