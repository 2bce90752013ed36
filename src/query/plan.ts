import {
  type AnySlot,
  defaultVectorName,
  hasIdf,
  isSparse,
  slotsOf,
  type VectorSlot
} from '../domain/collection.ts'
import type { CollectionView } from '../domain/directory.ts'
import { isMultiVector, type MultiVector } from '../domain/multi-vector.ts'
import type { SearchParams } from '../domain/schemas/index.ts'
import { type SparseVector, sortedEntries } from '../domain/sparse-vector.ts'
import type { QuantizationUse } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'

export type QueryVector = readonly number[] | MultiVector | SparseVector

/** A nearest-points query, ready for any shard. */
export interface NearestPlan {
  readonly slot: number
  /** f32[size]; of a multivector the vectors one after the other, of a sparse vector as many as indices */
  readonly query: Float32Array
  /** Of a sparse vector, rising. */
  readonly indices?: Uint32Array
  /** Weigh the entries of a sparse query by how rare they are. */
  readonly idf?: boolean
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
  readonly quantization?: QuantizationUse
}

/** @throws MILLRACE_VECTOR_NAME_UNKNOWN, MILLRACE_VECTOR_KIND_MISMATCH, MILLRACE_VECTOR_DIMENSION_MISMATCH, MILLRACE_VECTOR_NOT_FINITE */
export function planNearest(
  view: CollectionView,
  request: {
    readonly vector: QueryVector
    readonly using: string | undefined
    readonly limit: number
    readonly offset: number
    readonly params: SearchParams | null | undefined
    readonly scoreThreshold: number | null | undefined
    readonly filter: Uint8Array | null
  }
): NearestPlan {
  const slot = findSlot(view, request.using ?? defaultVectorName)
  checkIdf(view, slot, request.params?.idf)
  return {
    slot: slot.slot,
    ...queryVector(view, slot, request.vector),
    k: request.limit + request.offset,
    offset: request.offset,
    limit: request.limit,
    exact: request.params?.exact ?? false,
    ef: request.params?.hnsw_ef ?? 0,
    scoreThreshold: request.scoreThreshold ?? undefined,
    filter: request.filter,
    ...quantizationUse(request.params?.quantization)
  }
}

function quantizationUse(
  asked: SearchParams['quantization']
): Pick<NearestPlan, 'quantization'> | undefined {
  if (asked === undefined || asked === null) return undefined
  const { ignore, rescore, oversampling } = asked
  return {
    quantization: {
      ignore: ignore ?? false,
      rescore: rescore ?? null,
      oversampling: oversampling ?? 1
    }
  }
}

export function findSlot(view: CollectionView, name: string): AnySlot {
  const slot = slotsOf(view.spec).find((candidate) => candidate.name === name)
  if (slot === undefined) throw new EngineError('MILLRACE_VECTOR_NAME_UNKNOWN', { name })
  return slot
}

/** Of all statistics there are those of the whole shard, which a request may ask for by their name. */
function checkIdf(view: CollectionView, slot: AnySlot, idf: unknown): void {
  if (idf === undefined || idf === null) return
  if (!isSparse(slot) || !hasIdf(view.spec, slot.name)) {
    throw new EngineError('MILLRACE_INPUT_INVALID', {
      reason: `params.idf: vector \`${slot.name}\` is no sparse vector with the modifier \`idf\``
    })
  }
  if (idf === 'global') return
  throw new EngineError('MILLRACE_OPTION_UNSUPPORTED', {
    option: 'params.idf with a corpus',
    remedy: 'leave it out, or send `global`'
  })
}

function queryVector(
  view: CollectionView,
  slot: AnySlot,
  vector: QueryVector
): Pick<NearestPlan, 'query' | 'indices' | 'idf'> {
  if ('indices' in vector) {
    if (!isSparse(slot)) throw new EngineError('MILLRACE_VECTOR_KIND_MISMATCH')
    const { indices, values } = sortedEntries(vector)
    return { query: finite(values), indices, idf: hasIdf(view.spec, slot.name) }
  }
  if (isSparse(slot)) throw new EngineError('MILLRACE_VECTOR_KIND_MISMATCH')
  return { query: isMultiVector(vector) ? multiQuery(slot, vector) : denseQuery(slot, vector) }
}

/** A query of one vector may be asked of multivectors, but not the other way round. */
function multiQuery(slot: VectorSlot, vectors: MultiVector): Float32Array {
  if (!slot.multi) throw new EngineError('MILLRACE_VECTOR_MULTI_MISMATCH')
  const query = new Float32Array(vectors.length * slot.size)
  vectors.forEach((vector, index) => {
    query.set(denseQuery(slot, vector), index * slot.size)
  })
  return query
}

/** The engine makes it of unit length where the distance is cosine. */
function denseQuery(slot: VectorSlot, components: readonly number[]): Float32Array {
  if (components.length !== slot.size) {
    throw new EngineError('MILLRACE_VECTOR_DIMENSION_MISMATCH', {
      expected: slot.size,
      actual: components.length
    })
  }
  return finite(Float32Array.from(components))
}

function finite(query: Float32Array): Float32Array {
  if (!query.every(Number.isFinite)) throw new EngineError('MILLRACE_VECTOR_NOT_FINITE')
  return query
}
