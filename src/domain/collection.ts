import type { CreateCollectionBody, VectorParams } from './schemas/collections.ts'

export type Distance = 'Cosine' | 'Dot' | 'Euclid' | 'Manhattan'

/** What the components of a stored vector are. */
export type Datatype = 'float32' | 'float16' | 'uint8'

/** The vector that a request means when it names none. */
export const defaultVectorName = ''

/** A named vector of a collection. A slot number is never used twice in a collection. */
export interface VectorSlot {
  readonly slot: number
  readonly name: string
  readonly size: number
  readonly distance: Distance
  /** Missing: float32. */
  readonly datatype?: Exclude<Datatype, 'float32'>
  /** Points have any number of vectors of this size under the name, which are compared by max_sim. Missing: one. */
  readonly multi?: true
}

/** A named sparse vector. Its slot is one of the same numbers. */
export interface SparseSlot {
  readonly slot: number
  /** Never empty. */
  readonly name: string
  readonly size?: never
}

export type AnySlot = VectorSlot | SparseSlot

/** What a collection is, as the metadata log says it. */
export interface CollectionSpec {
  readonly vectors: readonly VectorSlot[]
  /** Missing in what was written before there were any. */
  readonly sparse?: readonly SparseSlot[]
  /** The number that the next vector gets; missing: the one after the highest. */
  readonly nextSlot?: number
  readonly shardNumber: number
  /** What the user has set, for the echo in collection info: the create request, and patches merged into it. */
  readonly request: CreateCollectionBody
  /** Only a patch can set them. */
  readonly readFanOut?: {
    readonly read_fan_out_factor?: number
    readonly read_fan_out_delay_ms?: number
  }
}

/** Builds the spec of a new collection from its validated request. */
export function specOfRequest(request: CreateCollectionBody): CollectionSpec {
  const vectors = Object.entries(vectorParamsByName(request)).map(([name, params], index) =>
    slotOf(index + 1, name, params)
  )
  const sparse = Object.keys(request.sparse_vectors ?? {}).map((name, index) => ({
    slot: vectors.length + index + 1,
    name
  }))
  return {
    vectors,
    ...(sparse.length > 0 && { sparse }),
    shardNumber: request.shard_number ?? 1,
    request
  }
}

/** @param params  of a vector that was found right */
export function slotOf(
  slot: number,
  name: string,
  { size, distance, datatype, multivector_config: multi }: VectorParams
): VectorSlot {
  const isOther = datatype === 'float16' || datatype === 'uint8'
  return { slot, name, size, distance, ...(isOther && { datatype }), ...(multi && { multi: true }) }
}

const bytesOfDatatype: Readonly<Record<Datatype, number>> = { float32: 4, float16: 2, uint8: 1 }

/** @returns bytes that one vector takes */
export function bytesPerVector({ size, datatype }: VectorSlot): number {
  return size * bytesOfDatatype[datatype ?? 'float32']
}

/** @returns every vector that a point may have, the dense ones first */
export function slotsOf({ vectors, sparse = [] }: CollectionSpec): readonly AnySlot[] {
  return [...vectors, ...sparse]
}

export function isSparse(slot: AnySlot): slot is SparseSlot {
  return slot.size === undefined
}

/** Whether queries of a sparse vector weigh their entries by how rare they are. */
export function hasIdf({ request }: CollectionSpec, name: string): boolean {
  return request.sparse_vectors?.[name]?.modifier === 'idf'
}

/** @returns the vectors of a create request by name; the unnamed one under `''` */
export function vectorParamsByName(
  request: CreateCollectionBody
): Readonly<Record<string, VectorParams>> {
  const { vectors } = request
  if (vectors === undefined || vectors === null) return {}
  return isSingleVector(vectors) ? { [defaultVectorName]: vectors } : vectors
}

/** Tells the parameters of the unnamed vector from a map of named ones. */
export function isSingleVector(
  vectors: Readonly<Record<string, unknown>>
): vectors is VectorParams {
  return typeof vectors['size'] === 'number'
}
