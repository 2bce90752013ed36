import { answerNearestBody } from '../engine/index.ts'
import { shardHandles } from '../query/index.ts'
import type { ReadOptions, ServiceContext } from './context.ts'
import { readableCollection } from './read-barrier.ts'

/**
 * Answers the queries of everyday, one dense vector and no filter, without an object of JavaScript for any part of them.
 *
 * @returns the response body, or null for a request that its schema has to read
 */
export async function answerEverydayQuery(
  context: ServiceContext,
  name: string,
  body: Buffer,
  form: 'query' | 'search',
  options: ReadOptions
): Promise<Buffer | null> {
  const view = await readableCollection(context, name, options)
  // Its one call reads shards of this process only.
  if (context.shardPort !== undefined) return null
  const { startedAt, timeoutMs } = options
  const { limits } = context
  return answerNearestBody(shardHandles(view), {
    body,
    form,
    startNs: startedAt,
    deadlineNs: startedAt + BigInt(timeoutMs ?? limits.requestTimeoutMs) * 1_000_000n,
    pointsMax: limits.resultPoints,
    jsonDepthMax: limits.jsonDepth,
    caller: options
  })
}
