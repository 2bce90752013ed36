import { findCollection } from '../domain/directory.ts'
import { checkCollectionName } from '../domain/names.ts'
import type { RebuildReport } from '../domain/rebuild.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceContext } from './context.ts'

/**
 * Builds the state of a shard a second time from checkpoint and log, while the first answers, and puts it in its place.
 *
 * @param shardText  the shard's number as it stands in the path
 * @throws MILLRACE_COLLECTION_NOT_FOUND, MILLRACE_SHARD_NOT_FOUND, MILLRACE_REBUILD_RUNNING, MILLRACE_REBUILD_FAILED
 */
export async function rebuildShard(
  context: ServiceContext,
  name: string,
  shardText: string
): Promise<RebuildReport> {
  const view = findCollection(context.directory(), checkCollectionName(name, 'use'))
  const shard = /^\d{1,9}$/.test(shardText) ? Number(shardText) : Number.NaN
  if (!(shard < view.shards.length)) {
    throw new EngineError('MILLRACE_SHARD_NOT_FOUND', {
      shard: shardText.slice(0, 20),
      collection: view.name
    })
  }
  return context.node.rebuildShard(view.name, shard)
}
