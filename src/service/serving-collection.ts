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
  const { replayWaitMs } = context.limits
  const endsAt = performance.now() + Math.min(replayWaitMs, timeoutMs ?? replayWaitMs)
  for (;;) {
    const view = findCollection(context.directory(), name)
    const isRecovering = view.shards.some(({ status }) => status.kind === 'recovering')
    if (!isRecovering || performance.now() + lookEveryMs > endsAt) return requireServing(view)
    await sleep(lookEveryMs)
  }
}
