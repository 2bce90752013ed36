import { createCollectionSchema, updateCollectionSchema } from '../../domain/schemas/index.ts'
import {
  collectionExists,
  collectionInfo,
  createCollection,
  deleteCollection,
  listCollections,
  listOptimizations,
  parseJson,
  updateCollection
} from '../../service/index.ts'
import { collectionOf, type Operation, succeeded } from './operation.ts'
import { integer, managementOptions, text } from './parameters.ts'

const tags = ['collections']

export const collectionOperations: readonly Operation[] = [
  {
    name: 'list_collections',
    method: 'GET',
    url: '/collections',
    tags,
    summary: 'List collections',
    run: async ({ context }) => succeeded(listCollections(context))
  },
  {
    name: 'collection_info',
    method: 'GET',
    url: '/collections/:name',
    tags,
    summary: 'Describe a collection',
    run: async ({ context }, call) => succeeded(await collectionInfo(context, collectionOf(call)))
  },
  {
    name: 'collection_exists',
    method: 'GET',
    url: '/collections/:name/exists',
    tags,
    summary: 'Say whether a collection exists',
    run: async ({ context }, call) => succeeded(collectionExists(context, collectionOf(call)))
  },
  {
    name: 'create_collection',
    method: 'PUT',
    url: '/collections/:name',
    tags,
    summary: 'Create a collection',
    body: createCollectionSchema,
    async run({ context }, call) {
      const options = managementOptions(call)
      const body = parseJson(call.body, context.limits.jsonDepth, 'rounded')
      return succeeded(await createCollection(context, collectionOf(call), body, options))
    }
  },
  {
    name: 'update_collection',
    method: 'PATCH',
    url: '/collections/:name',
    tags,
    summary: 'Change settings of a collection',
    body: updateCollectionSchema,
    async run({ context }, call) {
      const options = managementOptions(call)
      const body = parseJson(call.body, context.limits.jsonDepth, 'rounded')
      return succeeded(await updateCollection(context, collectionOf(call), body, options))
    }
  },
  {
    name: 'delete_collection',
    method: 'DELETE',
    url: '/collections/:name',
    tags,
    summary: 'Delete a collection',
    run: async ({ context }, call) =>
      succeeded(await deleteCollection(context, collectionOf(call), managementOptions(call)))
  },
  {
    name: 'optimizations',
    method: 'GET',
    url: '/collections/:name/optimizations',
    tags,
    summary: 'What the optimizer does',
    async run({ context }, call) {
      const fields = text(call.query, 'with')
      const completedMax = integer(call.query, 'completed_limit', 16)
      const name = collectionOf(call)
      return succeeded(await listOptimizations(context, name, fields, completedMax))
    }
  }
]
