import type { CollectionView } from '../domain/directory.ts'
import { findCollection, requireServing } from '../domain/directory.ts'
import { checkCollectionName } from '../domain/names.ts'
import { decodeToken } from '../domain/token.ts'
import { EngineError } from '../errors/index.ts'
import type { ReadOptions, ServiceContext } from './context.ts'

/**
 * Finds a collection that may be read, and waits until it holds what the token in `after` names.
 *
 * @throws MILLRACE_COLLECTION_NOT_FOUND, MILLRACE_SHARD_RECOVERING, MILLRACE_SHARD_STOPPED,
 *         MILLRACE_TOKEN_INVALID, MILLRACE_TOKEN_NOT_REACHED
 */
export async function readableCollection(
  context: ServiceContext,
  name: string,
  { after, timeoutMs }: ReadOptions
): Promise<CollectionView> {
  const view = requireServing(findCollection(context.directory(), checkCollectionName(name, 'use')))
  if (after !== undefined)
    await reachToken(context, view, after, timeoutMs ?? context.limits.requestTimeoutMs)
  return view
}

async function reachToken(
  context: ServiceContext,
  view: CollectionView,
  after: string,
  timeoutMs: number
): Promise<void> {
  const token = decodeToken(after)
  if (token.collectionId !== view.id) {
    throw new EngineError('MILLRACE_TOKEN_INVALID', { reason: 'it is of another collection' })
  }
  const { id: collectionId, generation } = view
  await Promise.all(
    token.offsets.map(async ({ shard, offset }) => {
      if (shard >= view.shards.length) {
        throw new EngineError('MILLRACE_TOKEN_INVALID', { reason: `there is no shard ${shard}` })
      }
      const lagRecords = await context.barrier.reach({
        collectionId,
        generation,
        shard,
        offset,
        timeoutMs
      })
      if (lagRecords !== undefined) {
        throw new EngineError('MILLRACE_TOKEN_NOT_REACHED', { shard, lagRecords })
      }
    })
  )
}
