import type { WriteRecord } from '../domain/ports.ts'
import { recordKinds } from '../domain/record/index.ts'
import { deleteVectorsSchema, parseRequest, selectPointsSchema } from '../domain/schemas/index.ts'
import { EngineError } from '../errors/index.ts'
import { findSlot } from '../query/index.ts'
import { readFilter } from './filters.ts'
import { parseJson } from './json.ts'
import { type EncodeOperation, refuseShardKey } from './operation-scope.ts'
import { readPointId } from './point-ids.ts'
import { recordsOfFilter, recordsOfIds } from './point-records.ts'
import { readSelection } from './selection.ts'

/** Deletes points by id, unknown ones being no error, or by filter. */
export const encodeDelete: EncodeOperation = (scope, body, path) => {
  const request = parseRequest(selectPointsSchema, parseJson(body, scope.limits.jsonDepth), path)
  const selection = readSelection(scope, request, path)
  return selection.ids !== undefined
    ? recordsOfIds(scope, recordKinds.deletePoints, selection.ids, {})
    : recordsOfFilter(scope, recordKinds.deleteByFilter, { filter: selection.filter })
}

/** Takes vectors away from the points that match, and then from those that are listed. */
export const encodeDeleteVectors: EncodeOperation = (scope, body, path) => {
  const { view, limits } = scope
  const request = parseRequest(deleteVectorsSchema, parseJson(body, limits.jsonDepth), path)
  refuseShardKey(request.shard_key)
  if (request.vector.length === 0) {
    throw new EngineError('MILLRACE_BODY_INVALID', {
      reason: `${path}vector: must specify vector names to delete`
    })
  }
  const filter = readFilter(view, limits, request.filter, `${path}filter`)
  const ids = request.points?.map(readPointId)
  if (filter === undefined && ids === undefined) {
    throw new EngineError('MILLRACE_REQUEST_INVALID', { reason: 'No filter or points provided' })
  }
  const slots = [...new Set(request.vector.map((name) => findSlot(view, name).slot))]
  const records: WriteRecord[] = []
  const kind = recordKinds.deleteVectors
  if (filter !== undefined) records.push(...recordsOfFilter(scope, kind, { slots, filter }))
  if (ids !== undefined) records.push(...recordsOfIds(scope, kind, ids, { slots }))
  return records
}
