import { setTimeout as sleep } from 'node:timers/promises'
import { type CollectionView, findCollection, requireServing } from '../domain/directory.ts'
import { checkCollectionName } from '../domain/names.ts'
import type { ServiceContext } from './context.ts'

const lookEveryMs = 5

/**
 * Finds a collection whose shards may be read and written. A node that has just learned of one needs a moment to find the
 * ends of its shards' logs: that long a request waits, at most `recovery.readWaitMs`.
 *
 * @throws MILLRACE_COLLECTION_NOT_FOUND, MILLRACE_SHARD_RECOVERING, MILLRACE_SHARD_STOPPED
 */
export async function servingCollection(
  context: ServiceContext,
  name: string,
  timeoutMs: number | undefined
): Promise<CollectionView> {
  checkCollectionName(name, 'use')
  let view = findCollection(context.directory(), name)
  if (!isRecovering(view)) return requireServing(view)
  const { replayWaitMs } = context.limits
  const endsAt = performance.now() + Math.min(replayWaitMs, timeoutMs ?? replayWaitMs)
  while (isRecovering(view) && performance.now() + lookEveryMs <= endsAt) {
    await sleep(lookEveryMs)
    view = findCollection(context.directory(), name)
  }
  return requireServing(view)
}

const isRecovering = ({ shards }: CollectionView) =>
  shards.some(({ status }) => status.kind === 'recovering')
