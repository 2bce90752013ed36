/** Runs a nearest-points query: scatter to the shards, merge, and render the winners. */
import type { Caller, PointShape, SearchHits } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import { mergeHits } from './merge.ts'
import type { NearestPlan } from './plan.ts'
import type { ShardAccess } from './shard-access.ts'

/**
 * @param form        `query`: the points in an object; `search`: a bare list
 * @param deadlineNs  on the clock of `process.hrtime.bigint()`
 * @returns           the whole response body
 * @throws            what a search throws, MILLRACE_DEADLINE_PASSED
 */
export async function answerNearest(
  shards: ShardAccess,
  plan: NearestPlan,
  shape: PointShape,
  form: 'query' | 'search',
  deadlineNs: bigint,
  caller: Caller
): Promise<Buffer> {
  for (;;) {
    const hits = await scatter(shards, plan, deadlineNs, caller)
    const order = mergeHits(hits, plan.offset, plan.limit)
    const answer = await shards.renderHits(hits, order, shape, form)
    if (answer !== null) return answer
    // As seldom as an optimizer's swap just then. A short search does not look at the time by itself.
    if (process.hrtime.bigint() >= deadlineNs) {
      throw new EngineError('MILLRACE_DEADLINE_PASSED', { operation: 'search' })
    }
  }
}

function scatter(
  shards: ShardAccess,
  plan: NearestPlan,
  deadlineNs: bigint,
  caller: Caller
): Promise<readonly SearchHits[]> {
  const { offset, limit, scoreThreshold, ...search } = plan
  const asked = { ...search, deadlineNs }
  return shards.search(scoreThreshold === undefined ? asked : { ...asked, scoreThreshold }, caller)
}
