import type { CollectionView } from '../domain/directory.ts'
import { findShard, registryVersion, type ShardHandle } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'

interface Found {
  readonly registryVersion: number
  readonly handles: readonly ShardHandle[]
}

const foundOf = new WeakMap<CollectionView, Found>()

/**
 * The native shards of a collection, looked up anew whenever a shard of the process was opened or closed: a restarted
 * shard is another one.
 *
 * @throws MILLRACE_SHARD_CLOSED while one of them restarts
 */
export function shardHandles(view: CollectionView): readonly ShardHandle[] {
  const version = registryVersion()
  const known = foundOf.get(view)
  if (known?.registryVersion === version) return known.handles
  const handles = view.shards.map(({ key, shard }) => {
    const handle = findShard(key)
    if (handle === null) throw new EngineError('MILLRACE_SHARD_CLOSED', { shard })
    return handle
  })
  foundOf.set(view, { registryVersion: version, handles })
  return handles
}
