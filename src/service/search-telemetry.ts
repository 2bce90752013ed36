/** What telemetry says of the searches of one shard, by how they found their hits. */
import type { CollectionView, ShardView } from '../domain/directory.ts'
import type { SearchesTaken, SearchKind, SlotSearches } from '../engine/index.ts'
import { searchesByName } from './shard-facts.ts'

const none: SearchesTaken = { count: 0, micros: 0 }

/** One entry of `vector_index_searches` for each vector name, with the kinds of search that the reference tells apart. */
export function indexSearches(
  view: CollectionView,
  shard: ShardView,
  nameOf: (name: string) => string
) {
  return searchesByName(view, shard).map(({ name, unfiltered, filtered }) => ({
    index_name: nameOf(name),
    unfiltered_plain: statistics(unfiltered, 'scan', 'codeScan'),
    // A walk among many dead rows collects those alive.
    unfiltered_hnsw: statistics(unfiltered, 'graph', 'filteredGraph', 'graphGaveUp'),
    unfiltered_sparse: statistics(unfiltered, 'sparse'),
    unfiltered_exact: statistics(unfiltered, 'exact'),
    filtered_plain: statistics(filtered, 'scan'),
    filtered_small_cardinality: statistics(filtered, 'codeScan'),
    filtered_large_cardinality: statistics(filtered, 'graph', 'filteredGraph', 'graphGaveUp'),
    filtered_sparse: statistics(filtered, 'sparse'),
    filtered_exact: statistics(filtered, 'exact')
  }))
}

function statistics(searches: SlotSearches['filtered'], ...kinds: readonly SearchKind[]) {
  const taken = kinds.map((kind) => searches[kind] ?? none)
  const count = taken.reduce((sum, one) => sum + one.count, 0)
  const micros = taken.reduce((sum, one) => sum + one.micros, 0)
  if (count === 0) return { count }
  return { count, avg_duration_micros: micros / count, total_duration_micros: micros }
}
