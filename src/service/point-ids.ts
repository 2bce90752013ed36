import { type PointId, pointIdFromJson } from '../domain/point-id.ts'
import { EngineError } from '../errors/index.ts'

/** @throws MILLRACE_BODY_MALFORMED naming the value */
export function readPointId(value: unknown): PointId {
  const id = pointIdFromJson(value)
  if (id !== undefined) return id
  throw new EngineError('MILLRACE_BODY_MALFORMED', {
    reason: `value ${String(value)} is not a valid point ID, valid values are either an unsigned integer or a UUID`
  })
}
