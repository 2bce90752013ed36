import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import {
  countPointsSchema,
  deletePointsSchema,
  retrievePointsSchema,
  scrollPointsSchema,
  upsertPointsBatchSchema,
  upsertPointsListSchema
} from '../../domain/schemas/index.ts'
import { tokenHeader } from '../../domain/token.ts'
import {
  countPoints,
  deletePoints,
  getPoint,
  parseJson,
  retrievePoints,
  scrollPoints,
  upsertPoints,
  type WriteAnswer
} from '../../service/index.ts'
import { readOptions, writeOptions } from './query-parameters.ts'
import { type CollectionRoute, noBody, type RouteOptions, sendJson, succeed } from './route.ts'

const tags = ['points']

export async function pointRoutes(server: FastifyInstance, { context, jsonDepth }: RouteOptions) {
  const upsertSchema = Type.Union([upsertPointsListSchema, upsertPointsBatchSchema])

  server.put<CollectionRoute>(
    '/collections/:name/points',
    { schema: { tags, summary: 'Insert or replace points', body: upsertSchema } },
    async (request, reply) => {
      const { name } = request.params
      const body = request.body ?? noBody
      return sendWrite(
        request,
        reply,
        await upsertPoints(context, name, body, writeOptions(request.query))
      )
    }
  )

  server.post<CollectionRoute>(
    '/collections/:name/points/delete',
    { schema: { tags, summary: 'Delete points', body: deletePointsSchema } },
    async (request, reply) => {
      const options = writeOptions(request.query)
      const body = parseJson(request.body ?? noBody, jsonDepth)
      return sendWrite(
        request,
        reply,
        await deletePoints(context, request.params.name, body, options)
      )
    }
  )

  server.get<CollectionRoute & { Params: { name: string; id: string } }>(
    '/collections/:name/points/:id',
    { schema: { tags, summary: 'Get one point' } },
    async (request, reply) => {
      const { name, id } = request.params
      return sendJson(
        reply,
        await getPoint(context, name, id, readOptions(request.query, request.startedAt))
      )
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
        const options = readOptions(request.query, request.startedAt)
        const parsed = parseJson(request.body ?? noBody, jsonDepth)
        return sendJson(reply, await operation(context, request.params.name, parsed, options))
      }
    )
  }

  server.post<CollectionRoute>(
    '/collections/:name/points/count',
    { schema: { tags, summary: 'Count points', body: countPointsSchema } },
    async (request) => {
      const options = readOptions(request.query, request.startedAt)
      const body = parseJson(request.body ?? noBody, jsonDepth)
      return succeed(request, await countPoints(context, request.params.name, body, options))
    }
  )
}

function sendWrite(request: FastifyRequest, reply: FastifyReply, { result, token }: WriteAnswer) {
  if (token !== undefined) reply.header(tokenHeader, token)
  return succeed(request, result)
}
