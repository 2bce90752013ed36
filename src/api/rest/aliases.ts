import type { FastifyInstance } from 'fastify'
import { changeAliasesSchema } from '../../domain/schemas/index.ts'
import {
  changeAliases,
  listAliases,
  listCollectionAliases,
  parseJson
} from '../../service/index.ts'
import { managementOptions } from './query-parameters.ts'
import { type CollectionRoute, noBody, type RouteOptions, succeed } from './route.ts'

const tags = ['aliases']

export async function aliasRoutes(server: FastifyInstance, { context, jsonDepth }: RouteOptions) {
  server.post<Pick<CollectionRoute, 'Querystring' | 'Body'>>(
    '/collections/aliases',
    { schema: { tags, summary: 'Create, delete and rename aliases', body: changeAliasesSchema } },
    async (request) => {
      const options = managementOptions(request.query)
      const body = parseJson(request.body ?? noBody, jsonDepth)
      return succeed(request, await changeAliases(context, body, options))
    }
  )

  server.get('/aliases', { schema: { tags, summary: 'List all aliases' } }, async (request) =>
    succeed(request, listAliases(context))
  )

  server.get<CollectionRoute>(
    '/collections/:name/aliases',
    { schema: { tags, summary: 'List the aliases of a collection' } },
    async (request) => succeed(request, listCollectionAliases(context, request.params.name))
  )
}
