import type { FastifyInstance } from 'fastify'
import { rebuildShard } from '../../service/index.ts'
import { type RouteOptions, succeed } from './route.ts'

export async function shardRoutes(server: FastifyInstance, { context }: RouteOptions) {
  server.post<{ Params: { name: string; shard: string } }>(
    '/millrace/collections/:name/shards/:shard/rebuild',
    {
      schema: {
        tags: ['service'],
        summary: 'Build a shard’s state a second time beside the first, compare digests, and swap'
      }
    },
    async (request) => {
      const { name, shard } = request.params
      return succeed(request, await rebuildShard(context, name, shard))
    }
  )
}
