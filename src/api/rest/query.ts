import type { FastifyInstance } from 'fastify'
import {
  queryBatchSchema,
  queryPointsSchema,
  searchPointsSchema
} from '../../domain/schemas/index.ts'
import {
  answerEverydayQuery,
  parseJson,
  queryPoints,
  queryPointsBatch,
  searchPoints,
  searchPointsBatch
} from '../../service/index.ts'
import { readOptionsOf } from './query-parameters.ts'
import { type CollectionRoute, noBody, type RouteOptions, sendJson } from './route.ts'

export async function queryRoutes(server: FastifyInstance, { context, jsonDepth }: RouteOptions) {
  const operations = [
    ['query', 'Find the nearest points', queryPointsSchema, queryPoints],
    ['query/batch', 'Several queries at once', queryBatchSchema, queryPointsBatch],
    ['search', 'Find the nearest points (older form)', searchPointsSchema, searchPoints],
    ['search/batch', 'Several searches at once (older form)', queryBatchSchema, searchPointsBatch]
  ] as const
  for (const [verb, summary, body, operation] of operations) {
    server.post<CollectionRoute>(
      `/collections/:name/points/${verb}`,
      { schema: { tags: ['search'], summary, body } },
      async (request, reply) => {
        const options = readOptionsOf(request, reply)
        const body = request.body ?? noBody
        const { name } = request.params
        if (verb === 'query' || verb === 'search') {
          const answer = await answerEverydayQuery(context, name, body, verb, options)
          if (answer !== null) return sendJson(reply, answer)
        }
        const parsed = parseJson(body, jsonDepth)
        return sendJson(reply, await operation(context, name, parsed, options))
      }
    )
  }
}
