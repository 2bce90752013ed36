import { defaultVectorName, type VectorSlot } from '../domain/collection.ts'
import type { CollectionView } from '../domain/directory.ts'
import type { SearchParams } from '../domain/schemas/index.ts'
import { EngineError } from '../errors/index.ts'

/** A nearest-points query, ready for any shard. */
export interface NearestPlan {
  readonly slot: number
  /** f32[size] */
  readonly query: Float32Array
  /** Hits wanted of each shard: limit + offset. */
  readonly k: number
  readonly offset: number
  readonly limit: number
  readonly exact: boolean
  /** 0: the engine's choice */
  readonly ef: number
  readonly scoreThreshold: number | undefined
  /** Packed, or null for all points. */
  readonly filter: Uint8Array | null
}

/** @throws MILLRACE_VECTOR_NAME_UNKNOWN, MILLRACE_VECTOR_DIMENSION_MISMATCH, MILLRACE_VECTOR_NOT_FINITE */
export function planNearest(
  view: CollectionView,
  request: {
    readonly vector: readonly number[]
    readonly using: string | undefined
    readonly limit: number
    readonly offset: number
    readonly params: SearchParams | null | undefined
    readonly scoreThreshold: number | null | undefined
    readonly filter: Uint8Array | null
  }
): NearestPlan {
  const slot = findSlot(view, request.using ?? defaultVectorName)
  return {
    slot: slot.slot,
    query: queryVector(slot, request.vector),
    k: request.limit + request.offset,
    offset: request.offset,
    limit: request.limit,
    exact: request.params?.exact ?? false,
    ef: request.params?.hnsw_ef ?? 0,
    scoreThreshold: request.scoreThreshold ?? undefined,
    filter: request.filter
  }
}

export function findSlot(view: CollectionView, name: string): VectorSlot {
  const slot = view.spec.vectors.find((candidate) => candidate.name === name)
  if (slot === undefined) throw new EngineError('MILLRACE_VECTOR_NAME_UNKNOWN', { name })
  return slot
}

/** The engine makes it of unit length where the distance is cosine. */
function queryVector(slot: VectorSlot, components: readonly number[]): Float32Array {
  if (components.length !== slot.size) {
    throw new EngineError('MILLRACE_VECTOR_DIMENSION_MISMATCH', {
      expected: slot.size,
      actual: components.length
    })
  }
  const query = Float32Array.from(components)
  if (!query.every(Number.isFinite)) throw new EngineError('MILLRACE_VECTOR_NOT_FINITE')
  return query
}
