import type { CollectionSpec } from '../domain/collection.ts'
import type { CollectionView, ShardView } from '../domain/directory.ts'
import { indexesOf } from '../domain/index-settings.ts'
import { quantizationText } from '../domain/quantization.ts'
import { findShard, type NativeShardMemory, shardMemory } from '../engine/index.ts'
import type { ServiceContext } from './context.ts'
import { quantizedSlots } from './shard-facts.ts'

/** What uses how much memory: the process as a whole, and each collection's shards by what they hold. */
export async function memoryReport({ node, directory }: ServiceContext) {
  const { residentBytes, residentColdBytes, comingBytes, budgetBytes, isLow, ...process } =
    await node.memory()
  const collections = [...directory().collections.values()].map(collectionMemory)
  const sum = (count: (collection: CollectionMemory) => number) =>
    collections.reduce((total, collection) => total + count(collection), 0)
  return {
    process: {
      resident_bytes: residentBytes,
      resident_cold_bytes: residentColdBytes,
      heap_bytes: process.heapBytes,
      cache_bytes: process.cacheBytes
    },
    budget: {
      bytes: budgetBytes,
      used_bytes: Math.max(0, residentBytes - residentColdBytes) + comingBytes,
      status: isLow ? 'exceeded' : 'ok'
    },
    total_bytes: sum(({ total_bytes }) => total_bytes),
    vectors_on_disk_bytes: sum(({ vectors_on_disk_bytes }) => vectors_on_disk_bytes),
    coming_bytes: sum(({ coming_bytes }) => coming_bytes),
    collections
  }
}

type CollectionMemory = ReturnType<typeof collectionMemory>

function collectionMemory({ name, spec, shards }: CollectionView) {
  const each = shards.flatMap(({ shard, key }) => {
    // A shard that restarts is not there for a moment.
    const handle = findShard(key)
    return handle === null ? [] : [{ shard, ...shapeOf(shardMemory(handle)) }]
  })
  const sum = (name: keyof ReturnType<typeof shapeOf>) =>
    each.reduce((total, shard) => total + shard[name], 0)
  return {
    name,
    total_bytes: sum('total_bytes'),
    vectors_bytes: sum('vectors_bytes'),
    vectors_on_disk_bytes: sum('vectors_on_disk_bytes'),
    codes_bytes: sum('codes_bytes'),
    graph_bytes: sum('graph_bytes'),
    sparse_index_bytes: sum('sparse_index_bytes'),
    quantized_bytes: sum('quantized_bytes'),
    payload_bytes: sum('payload_bytes'),
    ids_bytes: sum('ids_bytes'),
    rows_bytes: sum('rows_bytes'),
    coming_bytes: sum('coming_bytes'),
    quantized: quantizedOf(spec, shards),
    shards: each
  }
}

/** Each vector that is to have codes of the user's choice. */
function quantizedOf(spec: CollectionSpec, shards: readonly ShardView[]) {
  const slots = shards.flatMap(quantizedSlots)
  return indexesOf(spec).flatMap(({ slot, quantization }) => {
    if (quantization === undefined) return []
    // While a segment is built anew, a shard may have other codes than the next one.
    const codes = slots.filter((known) => known.slot === slot)
    return [
      {
        vector: spec.vectors.find((known) => known.slot === slot)?.name ?? '',
        quantization: quantizationText(quantization),
        vectors: codes.reduce((total, { vectors }) => total + vectors, 0),
        bytes_per_vector: Math.max(0, ...codes.map(({ bytesOfEach }) => bytesOfEach)),
        bytes: codes.reduce((total, { vectors, bytesOfEach }) => total + vectors * bytesOfEach, 0)
      }
    ]
  })
}

function shapeOf(memory: NativeShardMemory) {
  return {
    total_bytes: memory.total,
    vectors_bytes: memory.vectors,
    vectors_on_disk_bytes: memory.cold,
    codes_bytes: memory.codes,
    graph_bytes: memory.graphs,
    sparse_index_bytes: memory.sparse,
    quantized_bytes: memory.quantized,
    payload_bytes: memory.payloads,
    ids_bytes: memory.ids,
    rows_bytes: memory.rows,
    coming_bytes: memory.coming
  }
}
