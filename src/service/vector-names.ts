/** Vectors that a collection gets and loses while it runs. */
import { Clean } from 'typebox/value'
import { findCollection } from '../domain/directory.ts'
import { checkCollectionName, checkVectorName } from '../domain/names.ts'
import {
  type CreateVectorNameBody,
  createVectorNameSchema,
  parseRequest
} from '../domain/schemas/index.ts'
import { checkDenseParams, checkSparseParams } from './collection-requests.ts'
import type { ServiceContext, WriteOptions } from './context.ts'
import { propose } from './propose.ts'
import type { UpdateResult } from './write-records.ts'

/**
 * Adds a vector, which no point has yet.
 *
 * @throws MILLRACE_COLLECTION_NOT_FOUND, MILLRACE_VECTOR_NAME_TAKEN, MILLRACE_VECTOR_NAME_LIMIT, MILLRACE_OPTION_UNSUPPORTED,
 *         the request's own errors
 */
export async function createVectorName(
  context: ServiceContext,
  collection: string,
  vector: string,
  body: unknown,
  options: WriteOptions
): Promise<UpdateResult> {
  const { name } = findCollection(context.directory(), checkCollectionName(collection, 'use'))
  const kind = hasMember(body, 'sparse') && !hasMember(body, 'dense') ? 'sparse' : 'dense'
  checkVectorName(vector, kind)
  parseRequest(createVectorNameSchema, body)
  // Unknown members are ignored by this API. Of two forms in one body the dense one counts.
  const config = Clean(createVectorNameSchema, body) as CreateVectorNameBody
  if ('dense' in config) checkDenseParams(config.dense)
  else checkSparseParams({ index: { datatype: config.sparse.datatype ?? null } })
  await propose(context, { type: 'createVector', name, vector, config }, options)
  return resultFor(options)
}

/** Takes a vector away from the collection and from its points. One that does not exist is no error. */
export async function deleteVectorName(
  context: ServiceContext,
  collection: string,
  vector: string,
  options: WriteOptions
): Promise<UpdateResult> {
  const { name } = findCollection(context.directory(), checkCollectionName(collection, 'use'))
  await propose(context, { type: 'deleteVector', name, vector }, options)
  return resultFor(options)
}

/** Every shard of this node has the change by now, whether it was waited for or not. */
function resultFor({ wait }: WriteOptions): UpdateResult {
  return { status: wait ? 'completed' : 'acknowledged' }
}

function hasMember(body: unknown, name: string): boolean {
  return typeof body === 'object' && body !== null && name in body
}
