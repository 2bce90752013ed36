/** What the cluster endpoints say of a node that stands alone. */
import { findCollection, type ShardStatus } from '../domain/directory.ts'
import { checkCollectionName } from '../domain/names.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceContext } from './context.ts'
import { shardPoints } from './shard-facts.ts'

export function clusterStatus() {
  return { status: 'disabled' }
}

/** @throws MILLRACE_STANDALONE_MODE always: what it stands for needs more than one node */
export function refuseStandalone(): never {
  throw new EngineError('MILLRACE_STANDALONE_MODE')
}

/** @throws MILLRACE_COLLECTION_NOT_FOUND */
export function collectionCluster(context: ServiceContext, name: string) {
  const view = findCollection(context.directory(), checkCollectionName(name, 'use'))
  return {
    peer_id: context.identity.peerId,
    shard_count: view.shards.length,
    local_shards: view.shards.map((shard) => ({
      shard_id: shard.shard,
      points_count: shardPoints(shard),
      state: replicaState(shard.status)
    })),
    remote_shards: [],
    shard_transfers: []
  }
}

/** The telemetry of all nodes of a cluster, which is this one. */
export function clusterTelemetry(context: ServiceContext) {
  const { peerId } = context.identity
  const collections = [...context.directory().collections.values()].map(({ name, shards }) => [
    name,
    {
      id: name,
      shards: shards.map((shard) => ({
        id: shard.shard,
        replicas: [
          { peer_id: peerId, state: replicaState(shard.status), num_points: shardPoints(shard) }
        ]
      })),
      reshardings: [],
      shard_transfers: []
    }
  ])
  return { collections: Object.fromEntries(collections), cluster: { enabled: false, peers: {} } }
}

/** Points are spread over all shards by hash in this version: no collection has shard keys. */
export function listShardKeys(context: ServiceContext, name: string): Record<string, never> {
  findCollection(context.directory(), checkCollectionName(name, 'use'))
  return {}
}

export function replicaState({ kind }: ShardStatus): 'Active' | 'Dead' | 'Recovery' {
  if (kind === 'stopped') return 'Dead'
  return kind === 'running' ? 'Active' : 'Recovery'
}
