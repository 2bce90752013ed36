import type { FastifyInstance } from 'fastify'
import { queryPointsSchema, searchPointsSchema } from '../../domain/schemas/index.ts'
import { answerEverydayQuery, parseJson, queryPoints, searchPoints } from '../../service/index.ts'
import { readOptions } from './query-parameters.ts'
import { type CollectionRoute, noBody, type RouteOptions, sendJson } from './route.ts'

export async function queryRoutes(server: FastifyInstance, { context, jsonDepth }: RouteOptions) {
  const operations = [
    ['query', 'Find the nearest points', queryPointsSchema, queryPoints],
    ['search', 'Find the nearest points (older form)', searchPointsSchema, searchPoints]
  ] as const
  for (const [verb, summary, body, operation] of operations) {
    server.post<CollectionRoute>(
      `/collections/:name/points/${verb}`,
      { schema: { tags: ['search'], summary, body } },
      async (request, reply) => {
        const options = readOptions(request.query, request.startedAt)
        const body = request.body ?? noBody
        const { name } = request.params
        const answer = await answerEverydayQuery(context, name, body, verb, options)
        if (answer !== null) return sendJson(reply, answer)
        const parsed = parseJson(body, jsonDepth, 'rounded')
        return sendJson(reply, await operation(context, name, parsed, options))
      }
    )
  }
}
