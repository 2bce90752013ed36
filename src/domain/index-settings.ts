/** How the vectors of a collection are indexed: what the user has set, over the engine's own choices. */
import { type CollectionSpec, vectorParamsByName } from './collection.ts'
import { tidySettings } from './collection-settings.ts'
import { quantizationOf } from './quantization.ts'
import type { VectorParams } from './schemas/index.ts'

const kib = 1024
// The engine's choices, where the user has none: more links and candidates than the reference's defaults, which collection
// info goes on to tell. Measured in docs/benchmarks/graph.md.
const linksDefault = 24
const efConstructDefault = 200
const thresholdKbDefault = 10_000
// Beyond these a list of links costs more than scanning what it leads to.
const linksMax = 256
const efConstructMax = 4096

/**
 * Where the vectors of a slot are kept as they were given: in memory (`cached`), or in a file, of which the system keeps in
 * memory what it has room for (`cold`).
 */
export type VectorPlacement = 'cached' | 'cold'

/** What the engine gives a slot that it was told nothing about when its segment was opened. */
export const indexingOfNewSlots = {
  links: linksDefault,
  efConstruct: efConstructDefault,
  thresholdBytes: thresholdKbDefault * kib,
  fullScanBytes: 0,
  placement: 'cached' as VectorPlacement
}

/** Threads that may build at once: the graphs of a shard are built together, so the largest of its vectors' limits; 0: any. */
export function buildersOf(spec: CollectionSpec): number {
  const request = tidySettings(spec.request)
  const params = vectorParamsByName(request)
  const limits = spec.vectors.map(({ name }) => {
    const hnsw = { ...request.hnsw_config, ...params[name]?.hnsw_config }
    return hnsw.max_indexing_threads ?? 0
  })
  return limits.includes(0) ? 0 : Math.max(0, ...limits)
}

/** What an inverted index keeps of the weights of sparse vectors; they themselves are kept as they were given. */
export type SparseWeights = 'float16' | 'uint8'

export interface SlotIndexing {
  readonly slot: number
  readonly links: number
  readonly efConstruct: number
  readonly thresholdBytes: number
  readonly fullScanBytes: number
  readonly placement: VectorPlacement
  readonly quantization?: ReturnType<typeof quantizationOf>
  /** Missing: as they were given. */
  readonly weights?: SparseWeights
}

/** One entry for each vector slot of the collection. */
export function indexesOf(spec: CollectionSpec): readonly SlotIndexing[] {
  return [...denseIndexes(spec), ...sparseIndexes(spec)]
}

function sparseIndexes({ request, sparse = [] }: CollectionSpec): readonly SlotIndexing[] {
  return sparse.map(({ slot, name }) => {
    const datatype = request.sparse_vectors?.[name]?.index?.datatype
    const isSmaller = datatype === 'float16' || datatype === 'uint8'
    return { slot, ...indexingOfNewSlots, ...(isSmaller && { weights: datatype }) }
  })
}

function denseIndexes(spec: CollectionSpec): readonly SlotIndexing[] {
  const request = tidySettings(spec.request)
  const params = vectorParamsByName(request)
  const thresholdKb = request.optimizers_config?.indexing_threshold ?? thresholdKbDefault
  return spec.vectors.map(({ slot, name, multi }) => {
    const hnsw = { ...request.hnsw_config, ...params[name]?.hnsw_config }
    const quantization = params[name]?.quantization_config ?? request.quantization_config
    // Codes that users ask for are of one vector each.
    const links = hnsw.m ?? linksDefault
    return {
      slot,
      links: links === 0 ? 0 : Math.min(Math.max(links, 4), linksMax),
      efConstruct: Math.min(Math.max(hnsw.ef_construct ?? efConstructDefault, 4), efConstructMax),
      thresholdBytes: thresholdKb * kib,
      fullScanBytes: (hnsw.full_scan_threshold ?? 0) * kib,
      placement: placementOf(params[name]),
      ...(quantization && !multi && { quantization: quantizationOf(quantization) })
    }
  })
}

/** `memory` is the newer word of the two, and wins. */
function placementOf(params: Pick<VectorParams, 'memory' | 'on_disk'> = {}): VectorPlacement {
  const { memory, on_disk: isOnDisk } = params
  return (memory ? memory === 'cold' : isOnDisk) ? 'cold' : 'cached'
}
