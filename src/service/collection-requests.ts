/** Reads the bodies that create and update collections, and refuses what this version does not have. */
import { Clean } from 'typebox/value'
import { type CollectionSpec, specOfRequest, vectorParamsByName } from '../domain/collection.ts'
import { tidySettings, unknownVectorOf } from '../domain/collection-settings.ts'
import type { CollectionView } from '../domain/directory.ts'
import { checkVectorName } from '../domain/names.ts'
import {
  type CreateCollectionBody,
  createCollectionSchema,
  parseRequest,
  type SparseParams,
  type UpdateCollectionBody,
  updateCollectionSchema,
  type VectorParams
} from '../domain/schemas/index.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceContext } from './context.ts'

/** @throws MILLRACE_OPTION_UNSUPPORTED, the request's own errors */
export function parseCreateCollection(context: ServiceContext, body: unknown): CollectionSpec {
  parseRequest(createCollectionSchema, body)
  // Unknown members are ignored by this API, and so they must not come back in the echo.
  const request = tidySettings(Clean(createCollectionSchema, body) as CreateCollectionBody)
  const { shard_number: shards, sharding_method: method } = request
  if (method === 'custom') throw unsupported('sharding_method: custom', 'use auto')
  if (shards && shards > context.limits.shards) {
    const reason = `shard_number is ${shards}, over the limit of ${context.limits.shards} (limits.shards)`
    throw new EngineError('MILLRACE_INPUT_INVALID', { reason })
  }
  for (const [name, params] of Object.entries(vectorParamsByName(request))) {
    checkVectorName(name, 'dense')
    checkDenseParams(params)
    checkVectorMemory(params.memory)
  }
  checkSparseVectors(request)
  checkPayloadMemory('payload', request.payload)
  return specOfRequest(request)
}

/** @throws MILLRACE_VECTOR_NAME_UNKNOWN, the request's own errors */
export function parseUpdateCollection(view: CollectionView, body: unknown): UpdateCollectionBody {
  parseRequest(updateCollectionSchema, body)
  // Clean keeps the type: it takes out only what the schema does not name.
  const patch = tidySettings(Clean(updateCollectionSchema, body) as UpdateCollectionBody)
  for (const vector of Object.values(patch.vectors ?? {})) checkVectorMemory(vector.memory)
  for (const params of Object.values(patch.sparse_vectors ?? {})) checkSparseParams(params)
  checkPayloadMemory('params.payload', patch.params?.payload)
  const name = unknownVectorOf(view.spec, patch)
  if (name !== undefined) throw new EngineError('MILLRACE_VECTOR_NAME_UNKNOWN', { name })
  return patch
}

/** @throws MILLRACE_OPTION_UNSUPPORTED */
export function checkDenseParams({ datatype }: Pick<VectorParams, 'datatype'>): void {
  if (datatype === 'turbo4') {
    throw unsupported('datatype: turbo4', 'use float32, float16 or uint8')
  }
}

function checkSparseVectors(request: CreateCollectionBody): void {
  const dense = vectorParamsByName(request)
  for (const [name, params] of Object.entries(request.sparse_vectors ?? {})) {
    if (name === '') throw refused('Sparse vector name cannot be empty')
    checkVectorName(name, 'sparse')
    if (name in dense) {
      throw refused(`Dense and sparse vector names must be unique - duplicate found with '${name}'`)
    }
    checkSparseParams(params)
  }
}

/** @throws MILLRACE_BODY_INVALID */
export function checkSparseParams({ index }: SparseParams): void {
  if (index?.datatype === 'turbo4') {
    const reason = 'sparse_vectors.?.index.datatype: sparse vectors do not support turbo4'
    throw new EngineError('MILLRACE_BODY_INVALID', { reason })
  }
}

function refused(reason: string): EngineError {
  return new EngineError('MILLRACE_INPUT_INVALID', { reason })
}

function checkVectorMemory(memory: string | null | undefined): void {
  if (memory === 'pinned') throw pinned('memory', 'dense vector storage')
}

function checkPayloadMemory(
  path: string,
  payload: { readonly memory?: string | null } | null | undefined
): void {
  if (payload?.memory === 'pinned') throw pinned(`${path}.memory`, 'payload storage')
}

function pinned(path: string, storage: string): EngineError {
  const reason = `${path}: \`pinned\` memory placement is not supported for ${storage}`
  return new EngineError('MILLRACE_BODY_INVALID', { reason })
}

function unsupported(option: string, remedy: string): EngineError {
  return new EngineError('MILLRACE_OPTION_UNSUPPORTED', { option, remedy })
}
