/** The settings of a collection: one name for each, and how a PATCH is merged into them. */
import { type CollectionSpec, defaultVectorName, isSingleVector } from './collection.ts'
import type { CreateCollectionBody, UpdateCollectionBody } from './schemas/index.ts'

type Settings = Readonly<Record<string, unknown>>

/** Older names that the API accepts. */
const settingNames: Readonly<Record<string, string>> = {
  optimizer_config: 'optimizers_config',
  quantization: 'quantization_config',
  full_scan_threshold_kb: 'full_scan_threshold',
  max_segment_size_kb: 'max_segment_size',
  memmap_threshold_kb: 'memmap_threshold',
  indexing_threshold_kb: 'indexing_threshold'
}

/** Their members are named by users, or are theirs altogether. */
const opaqueSettings: ReadonlySet<string> = new Set([
  'metadata',
  'multivector_config',
  'sparse_config'
])

/** Gives every setting its newest name and leaves out what is null: null is the same as absent. */
export function tidySettings<Body extends CreateCollectionBody | UpdateCollectionBody>(
  body: Body
): Body {
  const { vectors, sparse_vectors: sparse, ...rest } = body
  const tidied = { ...tidy(rest), ...(sparse && { sparse_vectors: mapValues(sparse, tidy) }) }
  // Names and nulls are all that changes, and every nullable member is optional.
  if (vectors === undefined || vectors === null) return tidied as Body
  return {
    ...tidied,
    vectors: isSingleVector(vectors) ? tidy(vectors) : mapValues(vectors, tidy)
  } as Body
}

function tidy(settings: Settings): Settings {
  const members = Object.entries(settings).filter(
    ([, value]) => value !== null && value !== undefined
  )
  return Object.fromEntries(
    members.map(([name, value]) => [
      settingNames[name] ?? name,
      isSettings(value) && !opaqueSettings.has(name) ? tidy(value) : value
    ])
  )
}

/** @returns the name of a vector that the patch names and the collection does not have */
export function unknownVectorOf(
  spec: CollectionSpec,
  patch: UpdateCollectionBody
): string | undefined {
  const known = new Set(spec.vectors.map(({ name }) => name))
  const unknown = Object.keys(patch.vectors ?? {}).find((name) => !known.has(name))
  const sparse = new Set(spec.sparse?.map(({ name }) => name))
  return unknown ?? Object.keys(patch.sparse_vectors ?? {}).find((name) => !sparse.has(name))
}

/**
 * Merges a patch into a collection. Everything is merged field by field, but a quantization is replaced
 * as a whole, and the empty HNSW settings of a vector unset it.
 */
export function patchCollection(spec: CollectionSpec, body: UpdateCollectionBody): CollectionSpec {
  const settings = tidySettings(spec.request)
  const patch = tidySettings(body)
  const { read_fan_out_factor, read_fan_out_delay_ms, ...params } = patch.params ?? {}
  const readFanOut = {
    ...spec.readFanOut,
    ...pickSet({ read_fan_out_factor, read_fan_out_delay_ms })
  }
  const request = pickSet({
    ...settings,
    ...params,
    payload: mergeSettings(settings.payload, params.payload),
    vectors: patchVectors(settings.vectors, patch.vectors),
    sparse_vectors: patchSparse(settings.sparse_vectors, patch.sparse_vectors),
    hnsw_config: mergeSettings(settings.hnsw_config, patch.hnsw_config),
    optimizers_config: patchOptimizers(settings.optimizers_config, patch.optimizers_config),
    quantization_config: patchQuantization(settings.quantization_config, patch.quantization_config),
    strict_mode_config: mergeSettings(settings.strict_mode_config, patch.strict_mode_config),
    metadata: patchMetadata(settings.metadata, patch.metadata)
  })
  return {
    ...spec,
    // Each member was merged from two of its own type.
    request: request as CreateCollectionBody,
    ...(Object.keys(readFanOut).length > 0 && { readFanOut })
  }
}

function patchVectors(
  vectors: CreateCollectionBody['vectors'],
  patches: UpdateCollectionBody['vectors']
): unknown {
  if (!vectors || !patches) return vectors ?? undefined
  if (isSingleVector(vectors)) return patchVector(vectors, patches[defaultVectorName])
  return mapValues(vectors, (vector, name) => patchVector(vector, patches[name]))
}

function patchSparse(
  vectors: CreateCollectionBody['sparse_vectors'],
  patches: UpdateCollectionBody['sparse_vectors']
): unknown {
  if (!vectors || !patches) return vectors ?? undefined
  return mapValues(vectors, (vector, name) => {
    const patch = patches[name]
    return pickSet({ ...vector, ...patch, index: mergeSettings(vector.index, patch?.index) })
  })
}

function patchVector(vector: Settings, patch: Settings | undefined): Settings {
  if (patch === undefined) return vector
  const { hnsw_config: hnsw, quantization_config: quantization } = patch
  const isUnset = isSettings(hnsw) && Object.keys(hnsw).length === 0
  return pickSet({
    ...vector,
    ...patch,
    hnsw_config: isUnset ? undefined : mergeSettings(vector['hnsw_config'], hnsw),
    quantization_config: patchQuantization(vector['quantization_config'], quantization)
  })
}

function patchQuantization(quantization: unknown, patch: unknown): unknown {
  return patch === undefined ? quantization : patch === 'Disabled' ? undefined : patch
}

function patchOptimizers(settings: unknown, patch: unknown): unknown {
  const merged = mergeSettings(settings, patch)
  const { max_optimization_threads: threads, ...rest } = merged ?? {}
  return threads === 'auto' ? rest : merged
}

function patchMetadata(metadata: unknown, patch: unknown): unknown {
  if (!isSettings(patch)) return metadata
  const merged = { ...(isSettings(metadata) ? metadata : {}), ...patch }
  return Object.fromEntries(Object.entries(merged).filter(([key]) => patch[key] !== null))
}

function mergeSettings(settings: unknown, patch: unknown): Settings | undefined {
  if (!isSettings(patch)) return isSettings(settings) ? settings : undefined
  return { ...(isSettings(settings) ? settings : {}), ...patch }
}

function pickSet(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

function mapValues<Value>(
  record: Readonly<Record<string, Value>>,
  change: (value: Value, name: string) => unknown
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, change(value, name)])
  )
}

function isSettings(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
