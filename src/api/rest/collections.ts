import type { FastifyInstance } from 'fastify'
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
import { integer, managementOptions, text } from './query-parameters.ts'
import { type CollectionRoute, noBody, type RouteOptions, succeed } from './route.ts'

const tags = ['collections']

export async function collectionRoutes(
  server: FastifyInstance,
  { context, jsonDepth }: RouteOptions
) {
  server.get('/collections', { schema: { tags, summary: 'List collections' } }, async (request) =>
    succeed(request, listCollections(context))
  )

  server.get<CollectionRoute>(
    '/collections/:name',
    { schema: { tags, summary: 'Describe a collection' } },
    async (request) => succeed(request, await collectionInfo(context, request.params.name))
  )

  server.get<CollectionRoute>(
    '/collections/:name/exists',
    { schema: { tags, summary: 'Say whether a collection exists' } },
    async (request) => succeed(request, collectionExists(context, request.params.name))
  )

  server.put<CollectionRoute>(
    '/collections/:name',
    { schema: { tags, summary: 'Create a collection', body: createCollectionSchema } },
    async (request) => {
      const options = managementOptions(request.query)
      const body = parseJson(request.body ?? noBody, jsonDepth, 'rounded')
      return succeed(request, await createCollection(context, request.params.name, body, options))
    }
  )

  server.patch<CollectionRoute>(
    '/collections/:name',
    { schema: { tags, summary: 'Change settings of a collection', body: updateCollectionSchema } },
    async (request) => {
      const options = managementOptions(request.query)
      const body = parseJson(request.body ?? noBody, jsonDepth, 'rounded')
      return succeed(request, await updateCollection(context, request.params.name, body, options))
    }
  )

  server.delete<CollectionRoute>(
    '/collections/:name',
    { schema: { tags, summary: 'Delete a collection' } },
    async (request) => {
      const options = managementOptions(request.query)
      return succeed(request, await deleteCollection(context, request.params.name, options))
    }
  )

  server.get<CollectionRoute>(
    '/collections/:name/optimizations',
    { schema: { tags, summary: 'What the optimizer does' } },
    async (request) => {
      const fields = text(request.query, 'with')
      integer(request.query, 'completed_limit', 16)
      return succeed(request, listOptimizations(context, request.params.name, fields))
    }
  )
}
