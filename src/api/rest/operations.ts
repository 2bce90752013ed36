import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type, { type TSchema } from 'typebox'
import {
  batchOperationsSchema,
  deletePayloadSchema,
  deleteVectorsSchema,
  type OperationName,
  overwritePayloadSchema,
  selectPointsSchema,
  setPayloadSchema,
  updateVectorsSchema,
  upsertPointsBatchSchema,
  upsertPointsListSchema
} from '../../domain/schemas/index.ts'
import { tokenHeader } from '../../domain/token.ts'
import { type WriteAnswer, writePoints, writePointsBatch } from '../../service/index.ts'
import { writeOptions } from './query-parameters.ts'
import { type CollectionRoute, noBody, type RouteOptions, succeed } from './route.ts'

interface OperationRoute {
  readonly method: 'POST' | 'PUT'
  /** Behind `/collections/:name/points`. */
  readonly path: string
  readonly operation: OperationName
  readonly summary: string
  readonly body: TSchema
}

const upsertSchema = Type.Union([upsertPointsListSchema, upsertPointsBatchSchema])

// biome-ignore format: one operation a line
const operationRoutes: readonly OperationRoute[] = [
  { method: 'PUT', path: '', operation: 'upsert', summary: 'Insert or replace points', body: upsertSchema },
  { method: 'POST', path: '/delete', operation: 'delete', summary: 'Delete points', body: selectPointsSchema },
  { method: 'PUT', path: '/vectors', operation: 'update_vectors', summary: 'Replace vectors', body: updateVectorsSchema },
  { method: 'POST', path: '/vectors/delete', operation: 'delete_vectors', summary: 'Delete vectors', body: deleteVectorsSchema },
  { method: 'POST', path: '/payload', operation: 'set_payload', summary: 'Merge into payloads', body: setPayloadSchema },
  { method: 'PUT', path: '/payload', operation: 'overwrite_payload', summary: 'Replace payloads', body: overwritePayloadSchema },
  { method: 'POST', path: '/payload/delete', operation: 'delete_payload', summary: 'Delete keys of payloads', body: deletePayloadSchema },
  { method: 'POST', path: '/payload/clear', operation: 'clear_payload', summary: 'Clear payloads', body: selectPointsSchema }
]

/** Routes that change points. Bodies stay bytes: each operation reads its own. */
export async function pointOperationRoutes(server: FastifyInstance, { context }: RouteOptions) {
  for (const { method, path, operation, summary, body } of operationRoutes) {
    server.route<CollectionRoute>({
      method,
      url: `/collections/:name/points${path}`,
      schema: { tags: ['points'], summary, body },
      handler: async (request, reply) => {
        const options = writeOptions(request.query)
        const text = request.body ?? noBody
        const { name } = request.params
        return sendWrite(request, reply, await writePoints(context, name, operation, text, options))
      }
    })
  }

  server.post<CollectionRoute>(
    '/collections/:name/points/batch',
    {
      schema: { tags: ['points'], summary: 'Several operations', body: batchOperationsSchema }
    },
    async (request, reply) => {
      const options = writeOptions(request.query)
      const text = request.body ?? noBody
      const { name } = request.params
      return sendWrite(request, reply, await writePointsBatch(context, name, text, options))
    }
  )
}

function sendWrite<Result>(
  request: FastifyRequest,
  reply: FastifyReply,
  { result, token }: WriteAnswer<Result>
) {
  if (token !== undefined) reply.header(tokenHeader, token)
  return succeed(request, result)
}
