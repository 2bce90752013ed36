import type { FastifyInstance } from 'fastify'
import {
  clusterStatus,
  clusterTelemetry,
  collectionCluster,
  listShardKeys,
  refuseStandalone,
  type ServiceContext
} from '../../service/index.ts'
import { type CollectionRoute, succeed } from './route.ts'

const tags = ['cluster']

/** What only a cluster can do. */
const needCluster = [
  ['POST', '/cluster/recover'],
  ['DELETE', '/cluster/peer/:peer_id'],
  ['GET', '/cluster/metadata/keys'],
  ['GET', '/cluster/metadata/keys/:key'],
  ['PUT', '/cluster/metadata/keys/:key'],
  ['DELETE', '/cluster/metadata/keys/:key'],
  ['POST', '/collections/:name/cluster'],
  ['PUT', '/collections/:name/shards'],
  ['POST', '/collections/:name/shards/delete']
] as const

export async function clusterRoutes(
  server: FastifyInstance,
  { context }: { readonly context: ServiceContext }
) {
  server.get(
    '/cluster',
    { schema: { tags, summary: 'Say that this node stands alone' } },
    async (request) => succeed(request, clusterStatus())
  )

  server.get(
    '/cluster/telemetry',
    { schema: { tags, summary: 'Telemetry of all nodes' } },
    async (request) => succeed(request, clusterTelemetry(context))
  )

  server.get<CollectionRoute>(
    '/collections/:name/cluster',
    { schema: { tags, summary: 'Say where the shards of a collection are' } },
    async (request) => succeed(request, collectionCluster(context, request.params.name))
  )

  server.get<CollectionRoute>(
    '/collections/:name/shards',
    { schema: { tags, summary: 'List shard keys' } },
    async (request) => succeed(request, listShardKeys(context, request.params.name))
  )

  for (const [method, url] of needCluster) {
    server.route({
      method,
      url,
      schema: { tags, summary: 'Needs a cluster: refused' },
      handler: async () => refuseStandalone()
    })
  }
}
