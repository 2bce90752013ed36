import { findCollection } from '../domain/directory.ts'
import { checkCollectionName } from '../domain/names.ts'
import { EngineError } from '../errors/index.ts'
import { parseCreateCollection, parseUpdateCollection } from './collection-requests.ts'
import type { ServiceContext } from './context.ts'
import { type ManagementOptions, propose } from './propose.ts'

/** @throws MILLRACE_COLLECTION_EXISTS, MILLRACE_OPTION_UNSUPPORTED, the request's own errors */
export async function createCollection(
  context: ServiceContext,
  name: string,
  body: unknown,
  options: ManagementOptions
): Promise<true> {
  checkCollectionName(name, 'create')
  const spec = parseCreateCollection(context, body)
  if (context.directory().collections.has(name)) {
    throw new EngineError('MILLRACE_COLLECTION_EXISTS', { collection: name })
  }
  await propose(context, { type: 'createCollection', name, spec }, options)
  return true
}

/** Merges a patch into the settings. @throws MILLRACE_COLLECTION_NOT_FOUND, MILLRACE_VECTOR_NAME_UNKNOWN */
export async function updateCollection(
  context: ServiceContext,
  name: string,
  body: unknown,
  options: ManagementOptions
): Promise<true> {
  const view = findCollection(context.directory(), checkCollectionName(name, 'use'))
  const patch = parseUpdateCollection(view, body)
  await propose(context, { type: 'updateCollection', name: view.name, patch }, options)
  return true
}

/** @returns whether there was such a collection; an alias is none */
export async function deleteCollection(
  context: ServiceContext,
  name: string,
  options: ManagementOptions
): Promise<boolean> {
  checkCollectionName(name, 'use')
  const verdict = await propose(context, { type: 'deleteCollection', name }, options)
  return verdict.changed
}

export function listCollections(context: ServiceContext): { collections: { name: string }[] } {
  const names = [...context.directory().collections.keys()].sort()
  return { collections: names.map((name) => ({ name })) }
}

export function collectionExists(context: ServiceContext, name: string): { exists: boolean } {
  checkCollectionName(name, 'use')
  const { collections, aliases } = context.directory()
  return { exists: collections.has(name) || aliases.has(name) }
}
