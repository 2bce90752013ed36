import { EngineError } from '../errors/index.ts'
import { readFilter } from './filters.ts'
import { type OperationScope, refuseShardKey } from './operation-scope.ts'
import { readPointId } from './point-ids.ts'
import type { Selection } from './point-records.ts'

export interface SelectionRequest {
  readonly points?: readonly unknown[] | null
  readonly filter?: unknown
  readonly shard_key?: unknown
}

/** @throws MILLRACE_BODY_MALFORMED when the request names no points at all */
export function readSelection(
  { view, limits }: OperationScope,
  request: SelectionRequest,
  path: string
): Selection {
  refuseShardKey(request.shard_key)
  const filter = readFilter(view, limits, request.filter, `${path}filter`)
  if (request.points) return { ids: request.points.map(readPointId) }
  if (filter !== undefined) return { ids: undefined, filter }
  throw new EngineError('MILLRACE_BODY_MALFORMED', {
    reason: 'Either list of point ids or filter must be provided'
  })
}
