import type { CollectionView } from '../domain/directory.ts'
import { findShard, type ShardHandle } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'

/**
 * The native shards of a collection, looked up anew for each request: a restarted shard is another one.
 *
 * @throws MILLRACE_SHARD_CLOSED while one of them restarts
 */
export function shardHandles(view: CollectionView): ShardHandle[] {
  return view.shards.map(({ key, shard }) => {
    const handle = findShard(key)
    if (handle === null) throw new EngineError('MILLRACE_SHARD_CLOSED', { shard })
    return handle
  })
}
