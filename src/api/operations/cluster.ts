import {
  clusterStatus,
  clusterTelemetry,
  collectionCluster,
  listShardKeys,
  refuseStandalone
} from '../../service/index.ts'
import { collectionOf, type Operation, succeeded } from './operation.ts'

const tags = ['cluster']

/** What only a cluster can do. */
const needCluster = [
  ['recover_cluster', 'POST', '/cluster/recover'],
  ['remove_peer', 'DELETE', '/cluster/peer/:peer_id'],
  ['list_cluster_metadata', 'GET', '/cluster/metadata/keys'],
  ['get_cluster_metadata', 'GET', '/cluster/metadata/keys/:key'],
  ['set_cluster_metadata', 'PUT', '/cluster/metadata/keys/:key'],
  ['delete_cluster_metadata', 'DELETE', '/cluster/metadata/keys/:key'],
  ['update_collection_cluster', 'POST', '/collections/:name/cluster'],
  ['create_shard_key', 'PUT', '/collections/:name/shards'],
  ['delete_shard_key', 'POST', '/collections/:name/shards/delete']
] as const

export const clusterOperations: readonly Operation[] = [
  {
    name: 'cluster_status',
    method: 'GET',
    url: '/cluster',
    tags,
    summary: 'Say that this node stands alone',
    run: async () => succeeded(clusterStatus())
  },
  {
    name: 'cluster_telemetry',
    method: 'GET',
    url: '/cluster/telemetry',
    tags,
    summary: 'Telemetry of all nodes',
    run: async ({ context }) => succeeded(clusterTelemetry(context))
  },
  {
    name: 'collection_cluster',
    method: 'GET',
    url: '/collections/:name/cluster',
    tags,
    summary: 'Say where the shards of a collection are',
    run: async ({ context }, call) => succeeded(collectionCluster(context, collectionOf(call)))
  },
  {
    name: 'list_shard_keys',
    method: 'GET',
    url: '/collections/:name/shards',
    tags,
    summary: 'List shard keys',
    run: async ({ context }, call) => succeeded(listShardKeys(context, collectionOf(call)))
  },
  ...needCluster.map(
    ([name, method, url]): Operation => ({
      name,
      method,
      url,
      tags,
      summary: 'Needs a cluster: refused',
      run: async () => refuseStandalone()
    })
  )
]
