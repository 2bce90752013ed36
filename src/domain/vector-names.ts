/** Vectors that a collection gets and loses after it was created. */
import {
  type AnySlot,
  type CollectionSpec,
  isSingleVector,
  slotOf,
  slotsOf,
  vectorParamsByName
} from './collection.ts'
import type { CreateCollectionBody, CreateVectorNameBody } from './schemas/index.ts'

/** Each may need several sections of a record, which has room for 4,096. */
export const vectorNamesMax = 1000

/** @returns the collection with one more vector, whose name no other has */
export function withVector(
  spec: CollectionSpec,
  name: string,
  config: CreateVectorNameBody
): CollectionSpec {
  const slot = nextSlotOf(spec)
  const { request, vectors, sparse = [] } = spec
  if ('dense' in config) {
    const params = withoutNulls(config.dense)
    return {
      ...spec,
      vectors: [...vectors, slotOf(slot, name, params)],
      nextSlot: slot + 1,
      request: { ...request, vectors: { ...vectorParamsByName(request), [name]: params } }
    }
  }
  const { modifier, datatype } = withoutNulls(config.sparse)
  const params = { ...(modifier && { modifier }), ...(datatype && { index: { datatype } }) }
  return {
    ...spec,
    sparse: [...sparse, { slot, name }],
    nextSlot: slot + 1,
    request: { ...request, sparse_vectors: { ...request.sparse_vectors, [name]: params } }
  }
}

/** @returns the collection without a vector; its number is not given to another one */
export function withoutVector(spec: CollectionSpec, name: string): CollectionSpec {
  const isOther = (slot: AnySlot) => slot.name !== name
  const { vectors, sparse_vectors: sparse, ...request } = spec.request
  const sparseSlots = spec.sparse?.filter(isOther) ?? []
  const { sparse: _before, ...rest } = spec
  return {
    ...rest,
    vectors: spec.vectors.filter(isOther),
    ...(sparseSlots.length > 0 && { sparse: sparseSlots }),
    nextSlot: nextSlotOf(spec),
    request: {
      ...request,
      vectors: without(vectors, name),
      ...(sparseSlots.length > 0 && sparse && { sparse_vectors: omit(sparse, name) })
    }
  }
}

function without(
  vectors: CreateCollectionBody['vectors'],
  name: string
): NonNullable<CreateCollectionBody['vectors']> {
  if (!vectors) return {}
  if (!isSingleVector(vectors)) return omit(vectors, name)
  return name === '' ? {} : vectors
}

/** What of a vector that exists is not as a request would have it; settings that can change are not looked at. */
export function isSameVector(
  { request }: CollectionSpec,
  name: string,
  config: CreateVectorNameBody
): boolean {
  if ('sparse' in config) {
    const has = request.sparse_vectors?.[name]
    const { modifier, datatype } = config.sparse
    return (
      (has?.modifier ?? 'none') === (modifier ?? 'none') &&
      (has?.index?.datatype ?? 'float32') === (datatype ?? 'float32')
    )
  }
  const has = vectorParamsByName(request)[name]
  const { size, distance, datatype, multivector_config: multi } = config.dense
  return (
    has?.size === size &&
    has.distance === distance &&
    (has.datatype ?? 'float32') === (datatype ?? 'float32') &&
    has.multivector_config?.comparator === multi?.comparator
  )
}

function nextSlotOf(spec: CollectionSpec): number {
  return spec.nextSlot ?? Math.max(0, ...slotsOf(spec).map(({ slot }) => slot)) + 1
}

function withoutNulls<Settings extends object>(settings: Settings): Settings {
  const members = Object.entries(settings).filter(([, value]) => value !== null)
  // Every member that may be null is optional.
  return Object.fromEntries(members) as Settings
}

function omit<Value>(
  values: Readonly<Record<string, Value>>,
  name: string
): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => key !== name))
}
