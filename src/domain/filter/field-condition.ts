/** Conditions on the values at one key of the payload. */

import type { MetaValue } from '../record/index.ts'
import { parseDatetime } from './datetime.ts'
import { readMatch } from './match.ts'
import { invalid, isGiven, isObject, type JsonObject, malformed, unsupported } from './problems.ts'

const geoConditions = ['geo_bounding_box', 'geo_radius', 'geo_polygon']
const bounds = ['lt', 'gt', 'lte', 'gte'] as const
type Bounds<Value> = Partial<Record<(typeof bounds)[number], Value>>

/**
 * @param key    a JSON path
 * @param value  the condition's object
 * @returns      one condition; when the object says several things of its key, any of them is enough
 */
export function readFieldCondition(key: string, value: JsonObject, path: string): MetaValue {
  const geo = geoConditions.find((name) => isGiven(value[name]))
  if (geo !== undefined) throw unsupported(`the condition \`${geo}\``)
  const { match, range, values_count: count, is_empty: isEmpty, is_null: isNull } = value
  const conditions: MetaValue[] = []
  if (isGiven(match)) conditions.push({ key, match: readMatch(match, `${path}.match`) })
  if (isGiven(range)) conditions.push({ key, ...readRange(range, `${path}.range`) })
  if (isGiven(count)) {
    conditions.push({ key, values_count: readCounts(count, `${path}.values_count`) })
  }
  if (isGiven(isEmpty)) conditions.push({ key, is_empty: readFlag(isEmpty, `${path}.is_empty`) })
  if (isGiven(isNull)) conditions.push({ key, is_null: readFlag(isNull, `${path}.is_null`) })
  const [first] = conditions
  if (first === undefined) throw invalid(path, 'At least one field condition must be specified')
  return conditions.length === 1 ? first : { should: conditions }
}

/** Bounds are numbers, or dates when one of them is a text. */
function readRange(value: unknown, path: string): { [name: string]: MetaValue } {
  if (!isObject(value)) throw malformed(path, 'invalid type, expected a map')
  const hasText = bounds.some((name) => typeof value[name] === 'string')
  return hasText
    ? { datetime_range: readBounds(value, path, readDate) }
    : { range: readBounds(value, path, readNumber) }
}

function readCounts(value: unknown, path: string): Bounds<number> {
  if (!isObject(value)) throw malformed(path, 'invalid type, expected a map')
  return readBounds(value, path, readCount)
}

function readBounds<Value>(
  value: JsonObject,
  path: string,
  read: (bound: unknown, path: string) => Value
): Bounds<Value> {
  const found: Bounds<Value> = {}
  for (const name of bounds) {
    if (isGiven(value[name])) found[name] = read(value[name], `${path}.${name}`)
  }
  return found
}

function readNumber(bound: unknown, path: string): number {
  const number = typeof bound === 'bigint' ? Number(bound) : bound
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw malformed(path, 'invalid type, expected a number or a date')
}

function readDate(bound: unknown, path: string): bigint {
  const micros = typeof bound === 'string' ? parseDatetime(bound) : undefined
  if (micros !== undefined) return micros
  throw malformed(path, `\`${String(bound)}\` is not a date that can be read`)
}

/** No payload holds more values: a larger bound says the same. */
const countMax = 0x7fff_ffff

function readCount(bound: unknown, path: string): number {
  if (typeof bound === 'bigint' && bound > 0n) return countMax
  if (typeof bound === 'number' && Number.isSafeInteger(bound) && bound >= 0) {
    return Math.min(bound, countMax)
  }
  throw malformed(path, `invalid value \`${String(bound)}\`, expected a whole number`)
}

function readFlag(value: unknown, path: string): boolean {
  if (typeof value === 'boolean') return value
  throw malformed(path, 'invalid type, expected a boolean')
}
