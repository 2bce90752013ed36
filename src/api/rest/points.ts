import type { FastifyInstance } from 'fastify'
import {
  countPointsSchema,
  retrievePointsSchema,
  scrollPointsSchema
} from '../../domain/schemas/index.ts'
import {
  countPoints,
  getPoint,
  parseJson,
  retrievePoints,
  scrollPoints
} from '../../service/index.ts'
import { readOptionsOf } from './query-parameters.ts'
import { type CollectionRoute, noBody, type RouteOptions, sendJson, succeed } from './route.ts'

const tags = ['points']

/** Routes that read points. */
export async function pointRoutes(server: FastifyInstance, { context, jsonDepth }: RouteOptions) {
  server.get<CollectionRoute & { Params: { name: string; id: string } }>(
    '/collections/:name/points/:id',
    { schema: { tags, summary: 'Get one point' } },
    async (request, reply) => {
      const { name, id } = request.params
      return sendJson(reply, await getPoint(context, name, id, readOptionsOf(request, reply)))
    }
  )

  const reads = [
    ['/collections/:name/points', 'Get points by id', retrievePointsSchema, retrievePoints],
    [
      '/collections/:name/points/scroll',
      'Page through points in id order',
      scrollPointsSchema,
      scrollPoints
    ]
  ] as const
  for (const [url, summary, body, operation] of reads) {
    server.post<CollectionRoute>(
      url,
      { schema: { tags, summary, body } },
      async (request, reply) => {
        const options = readOptionsOf(request, reply)
        const parsed = parseJson(request.body ?? noBody, jsonDepth)
        return sendJson(reply, await operation(context, request.params.name, parsed, options))
      }
    )
  }

  server.post<CollectionRoute>(
    '/collections/:name/points/count',
    { schema: { tags, summary: 'Count points', body: countPointsSchema } },
    async (request, reply) => {
      const options = readOptionsOf(request, reply)
      const body = parseJson(request.body ?? noBody, jsonDepth)
      return succeed(request, await countPoints(context, request.params.name, body, options))
    }
  )
}
