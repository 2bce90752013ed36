import type { CollectionView, ShardView } from '../domain/directory.ts'
import { decodeToken } from '../domain/token.ts'
import { EngineError } from '../errors/index.ts'
import type { ReadOptions, ServiceContext } from './context.ts'
import { servingCollection } from './serving-collection.ts'

/**
 * Finds a collection that may be read, waits until it holds what the token in `after` names, and briefly for
 * shards that replay the end of their logs; what the answer then lacks is told to `onLag`.
 *
 * @throws MILLRACE_COLLECTION_NOT_FOUND, MILLRACE_SHARD_RECOVERING, MILLRACE_SHARD_STOPPED,
 *         MILLRACE_TOKEN_INVALID, MILLRACE_TOKEN_NOT_REACHED
 */
export async function readableCollection(
  context: ServiceContext,
  name: string,
  options: ReadOptions
): Promise<CollectionView> {
  const { after, timeoutMs } = options
  const view = await servingCollection(context, name, timeoutMs)
  if (after !== undefined)
    await reachToken(context, view, after, timeoutMs ?? context.limits.requestTimeoutMs)
  if (view.shards.some(({ status }) => status.kind === 'replaying'))
    await awaitReplay(context, view, options)
  return view
}

async function awaitReplay(
  context: ServiceContext,
  view: CollectionView,
  { timeoutMs, onLag }: ReadOptions
): Promise<void> {
  const { id: collectionId, generation } = view
  const { replayWaitMs } = context.limits
  const lagOf = async ({ shard, status }: ShardView) => {
    if (status.kind !== 'replaying') return 0
    const missing = await context.barrier.reach({
      collectionId,
      generation,
      shard,
      offset: status.targetOffset - 1n,
      timeoutMs: Math.min(replayWaitMs, timeoutMs ?? replayWaitMs)
    })
    return missing ?? 0
  }
  const lags = await Promise.all(view.shards.map(lagOf))
  const lagRecords = lags.reduce((sum, lag) => sum + lag, 0)
  if (lagRecords > 0) onLag(lagRecords)
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
