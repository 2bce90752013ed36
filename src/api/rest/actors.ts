import type { FastifyInstance } from 'fastify'
import { listActors } from '../../service/index.ts'
import { type RouteOptions, succeed } from './route.ts'

export async function actorRoutes(server: FastifyInstance, { context }: RouteOptions) {
  server.get(
    '/millrace/actors',
    {
      schema: {
        tags: ['service'],
        summary: 'Each actor: state, offset, lag, last error, since when'
      }
    },
    async (request) => succeed(request, await listActors(context))
  )
}
