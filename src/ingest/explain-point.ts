/** Says why the engine refused a message's point, once it has. */
import type { CollectionView } from '../domain/directory.ts'
import { checkJson, jsonMembers, parsePointMessages } from '../engine/index.ts'
import { encodeTargetOf, explainUpsert, type ServiceLimits } from '../service/index.ts'
import { idText, readIdText } from './point-id-text.ts'
import { type Poison, poison } from './poison.ts'
import { isNull } from './text-at.ts'

/** Where a point goes. */
export interface PointScope {
  readonly view: CollectionView
  readonly limits: ServiceLimits
}

/** @returns the reason, or the point again with its id as the engine reads it */
export function explainPoint(scope: PointScope, text: Buffer): Poison | Buffer {
  const { view, limits } = scope
  const fault = text.length === 0 ? undefined : checkJson(text, limits.jsonDepth)
  if (fault === undefined) return poison('BAD_JSON', 'the value is empty')
  if (fault !== null) return poison('BAD_JSON', `${fault.reason} at byte ${fault.position}`)
  const members = jsonMembers(text, limits.jsonDepth)
  if (members === undefined) return poison('BAD_JSON', 'the value is no object')
  const idFound = members.get('id')
  const id = idFound && readIdText(idFound.toString('utf8'))
  if (idFound === undefined || id === undefined) return badId(idFound)
  const part = (name: string) => {
    const found = members.get(name)
    return found === undefined ? '' : `,"${name}":${found.toString('utf8')}`
  }
  const vector = `${part('vector')}${part('vectors')}`
  const whole = Buffer.from(`{"id":${idText(id)}${vector}${part('payload')}}`)
  if (accepts(scope, whole)) return whole
  const withoutPayload = Buffer.from(`{"id":${idText(id)}${vector}}`)
  const error = explainUpsert(Buffer.from(`{"points":[${whole.toString('utf8')}]}`), view, limits)
  if (!accepts(scope, withoutPayload)) {
    const isDimension = error.code === 'MILLRACE_VECTOR_DIMENSION_MISMATCH'
    return poison(isDimension ? 'DIM_MISMATCH' : 'BAD_VECTOR', error.message)
  }
  const payload = members.get('payload')
  const isObject = payload && (isNull(payload) || jsonMembers(payload, limits.jsonDepth))
  const isTooLarge = isObject && error.code === 'MILLRACE_INTERNAL'
  return isTooLarge ? poison('TOO_LARGE') : poison('BAD_PAYLOAD', error.message)
}

function badId(found: Buffer | undefined): Poison {
  if (found === undefined) return poison('BAD_ID', 'there is no id')
  return poison('BAD_ID', `${found.toString('utf8').slice(0, 80)} is no id`)
}

function accepts({ view, limits }: PointScope, text: Buffer): boolean {
  return parsePointMessages([text], encodeTargetOf(view, limits)).refused.length === 0
}
