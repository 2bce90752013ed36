/** What telemetry says of the searches of one shard, by how they found their hits. */
import { slotsOf } from '../domain/collection.ts'
import type { CollectionView, ShardView } from '../domain/directory.ts'
import type { SearchesTaken, SearchKind, SlotSearches } from '../engine/index.ts'
import { searchesOf } from './shard-facts.ts'

const none: SearchesTaken = { count: 0, micros: 0 }

/** One entry of `vector_index_searches` for each vector name, with the kinds of search that the reference tells apart. */
export function indexSearches(
  view: CollectionView,
  shard: ShardView,
  nameOf: (name: string) => string
) {
  const known = searchesOf(shard)
  return slotsOf(view.spec).map(({ slot, name }) => {
    const searches = known.find((one) => one.slot === slot)
    const of = (filter: 'unfiltered' | 'filtered', ...kinds: readonly SearchKind[]) =>
      statistics(searches, filter, kinds)
    return {
      index_name: nameOf(name),
      unfiltered_plain: of('unfiltered', 'scan', 'codeScan'),
      // A walk among many dead rows collects those alive.
      unfiltered_hnsw: of('unfiltered', 'graph', 'filteredGraph', 'graphGaveUp'),
      unfiltered_sparse: of('unfiltered', 'sparse'),
      unfiltered_exact: of('unfiltered', 'exact'),
      filtered_plain: of('filtered', 'scan'),
      filtered_small_cardinality: of('filtered', 'codeScan'),
      filtered_large_cardinality: of('filtered', 'graph', 'filteredGraph', 'graphGaveUp'),
      filtered_sparse: of('filtered', 'sparse'),
      filtered_exact: of('filtered', 'exact')
    }
  })
}

function statistics(
  searches: SlotSearches | undefined,
  filter: 'unfiltered' | 'filtered',
  kinds: readonly SearchKind[]
) {
  const taken = kinds.map((kind) => searches?.[filter][kind] ?? none)
  const count = taken.reduce((sum, one) => sum + one.count, 0)
  const micros = taken.reduce((sum, one) => sum + one.micros, 0)
  if (count === 0) return { count }
  return { count, avg_duration_micros: micros / count, total_duration_micros: micros }
}
