import { type CollectionSpec, specOfRequest, vectorParamsByName } from '../domain/collection.ts'
import { checkCollectionName, checkVectorName } from '../domain/names.ts'
import type { ControlCommand, ControlVerdict } from '../domain/ports.ts'
import {
  type CreateCollectionBody,
  createCollectionSchema,
  parseRequest
} from '../domain/schemas/index.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceContext } from './context.ts'

export { collectionInfo } from './collection-info.ts'

/** @throws MILLRACE_COLLECTION_EXISTS, MILLRACE_OPTION_UNSUPPORTED, the request's own errors */
export async function createCollection(
  context: ServiceContext,
  name: string,
  body: unknown
): Promise<true> {
  checkCollectionName(name, 'create')
  const request = parseRequest(createCollectionSchema, body)
  const spec = checkedSpec(context, request)
  if (context.directory().collections.has(name)) {
    throw new EngineError('MILLRACE_COLLECTION_EXISTS', { collection: name })
  }
  await propose(context, { type: 'createCollection', name, spec })
  return true
}

/** @returns whether there was such a collection */
export async function deleteCollection(context: ServiceContext, name: string): Promise<boolean> {
  checkCollectionName(name, 'use')
  const verdict = await propose(context, { type: 'deleteCollection', name })
  return verdict.changed
}

export function listCollections(context: ServiceContext): { collections: { name: string }[] } {
  const names = [...context.directory().collections.keys()].sort()
  return { collections: names.map((name) => ({ name })) }
}

export function collectionExists(context: ServiceContext, name: string): { exists: boolean } {
  checkCollectionName(name, 'use')
  return { exists: context.directory().collections.has(name) }
}

async function propose(context: ServiceContext, command: ControlCommand) {
  const verdict: ControlVerdict = await context.controlPort.propose(command)
  if (!verdict.accepted) throw new EngineError(verdict.code, verdict.details)
  return verdict
}

function checkedSpec(context: ServiceContext, request: CreateCollectionBody): CollectionSpec {
  const { shard_number: shards, sparse_vectors: sparse, sharding_method: method } = request
  if (sparse && Object.keys(sparse).length > 0) {
    throw unsupported('sparse_vectors', 'leave it out and use dense vectors')
  }
  if (method === 'custom') throw unsupported('sharding_method: custom', 'use auto')
  if (shards && shards > context.limits.shards) {
    const reason = `shard_number is ${shards}, over the limit of ${context.limits.shards} (limits.shards)`
    throw new EngineError('MILLRACE_INPUT_INVALID', { reason })
  }
  for (const [name, params] of Object.entries(vectorParamsByName(request))) {
    checkVectorName(name)
    if (params.datatype && params.datatype !== 'float32') {
      throw unsupported(`datatype: ${params.datatype}`, 'use float32')
    }
    if (params.multivector_config)
      throw unsupported('multivector_config', 'store one vector a point')
    if (params.memory === 'pinned') {
      throw new EngineError('MILLRACE_BODY_INVALID', {
        reason: 'memory: `pinned` memory placement is not supported for dense vector storage'
      })
    }
  }
  return specOfRequest(request)
}

function unsupported(option: string, remedy: string): EngineError {
  return new EngineError('MILLRACE_OPTION_UNSUPPORTED', { option, remedy })
}
