import type { CollectionView } from '../domain/directory.ts'
import { findShard, type NativeShardMemory, shardMemory } from '../engine/index.ts'
import type { ServiceContext } from './context.ts'

/** What uses how much memory: the process as a whole, and each collection's shards by what they hold. */
export async function memoryReport({ node, directory }: ServiceContext) {
  const { residentBytes, comingBytes, budgetBytes, isLow, heapBytes, cacheBytes } =
    await node.memory()
  const collections = [...directory().collections.values()].map(collectionMemory)
  const sum = (count: (collection: CollectionMemory) => number) =>
    collections.reduce((total, collection) => total + count(collection), 0)
  return {
    process: { resident_bytes: residentBytes, heap_bytes: heapBytes, cache_bytes: cacheBytes },
    budget: {
      bytes: budgetBytes,
      used_bytes: residentBytes + comingBytes,
      status: isLow ? 'exceeded' : 'ok'
    },
    total_bytes: sum(({ total_bytes }) => total_bytes),
    coming_bytes: sum(({ coming_bytes }) => coming_bytes),
    collections
  }
}

type CollectionMemory = ReturnType<typeof collectionMemory>

function collectionMemory({ name, shards }: CollectionView) {
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
    codes_bytes: sum('codes_bytes'),
    graph_bytes: sum('graph_bytes'),
    sparse_index_bytes: sum('sparse_index_bytes'),
    payload_bytes: sum('payload_bytes'),
    ids_bytes: sum('ids_bytes'),
    rows_bytes: sum('rows_bytes'),
    coming_bytes: sum('coming_bytes'),
    shards: each
  }
}

function shapeOf(memory: NativeShardMemory) {
  return {
    total_bytes: memory.total,
    vectors_bytes: memory.vectors,
    codes_bytes: memory.codes,
    graph_bytes: memory.graphs,
    sparse_index_bytes: memory.sparse,
    payload_bytes: memory.payloads,
    ids_bytes: memory.ids,
    rows_bytes: memory.rows,
    coming_bytes: memory.coming
  }
}
