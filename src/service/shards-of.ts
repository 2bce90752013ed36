import type { CollectionView } from '../domain/directory.ts'
import { localShards, remoteShards, type ShardAccess } from '../query/index.ts'
import type { ReadOptions, ServiceContext } from './context.ts'
import { deadlineNs } from './deadline.ts'

/** How a read reaches the shards. @throws MILLRACE_SHARD_CLOSED while one of them restarts */
export function shardsOf(
  context: ServiceContext,
  view: CollectionView,
  options: ReadOptions
): ShardAccess {
  const { shardPort: port, identity } = context
  if (port === undefined) return localShards(view)
  return remoteShards(view, {
    port,
    // Every shard has its one replica here.
    peerOf: () => identity.peerId,
    deadlineNs: deadlineNs(context, options),
    caller: options
  })
}
