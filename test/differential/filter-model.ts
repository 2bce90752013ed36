import type { PointId } from '../../src/domain/point-id.ts'
import { readPath, valuesAt } from './payload-model.ts'
import type { PlainJson } from './plain-json.ts'

/** A filter in the form that travels to the engine (native/core/include/millrace/filter.h draws it). */
export interface PlainFilter {
  readonly should?: readonly PlainCondition[]
  readonly must?: readonly PlainCondition[]
  readonly must_not?: readonly PlainCondition[]
  readonly min_should?: {
    readonly conditions: readonly PlainCondition[]
    readonly min_count: number
  }
}

export interface PlainBounds<T> {
  readonly lt?: T
  readonly gt?: T
  readonly lte?: T
  readonly gte?: T
}

export interface PlainMatch {
  readonly value?: string | bigint | boolean
  readonly any?: readonly (string | bigint)[]
  readonly except?: readonly (string | bigint)[]
  readonly text?: string
  readonly text_any?: string
  readonly phrase?: string
  readonly prefix?: string
}

export type FieldTest =
  | { readonly match: PlainMatch }
  | { readonly range: PlainBounds<number> }
  | { readonly datetime_range: PlainBounds<bigint> }
  | { readonly values_count: PlainBounds<number> }
  | { readonly is_empty: boolean }
  | { readonly is_null: boolean }

export type PlainCondition =
  | PlainFilter
  | (FieldTest & { readonly key: string })
  | { readonly is_empty: { readonly key: string } }
  | { readonly is_null: { readonly key: string } }
  | { readonly has_id: readonly PointId[] }
  | { readonly has_vector: number | null }
  | { readonly nested: { readonly key: string; readonly filter: PlainFilter } }

/** What a filter is asked about; an element of a nested condition is just a payload. */
export interface Subject {
  readonly payload: PlainJson
  readonly id?: PointId
  readonly slots?: ReadonlySet<number>
}

/** points-and-filters.md §5, read without an index and without any haste. */
export function matches(filter: PlainFilter, subject: Subject): boolean {
  const holds = (condition: PlainCondition) => conditionHolds(condition, subject)
  const { should = [], must = [], must_not: mustNot = [], min_should: least } = filter
  if (should.length > 0 && !should.some(holds)) return false
  if (least && least.conditions.filter(holds).length < least.min_count) return false
  return must.every(holds) && !mustNot.some(holds)
}

function conditionHolds(condition: PlainCondition, subject: Subject): boolean {
  const { payload } = subject
  if ('key' in condition) return fieldHolds(condition, valuesAt(payload, readPath(condition.key)))
  if ('has_id' in condition)
    return subject.id !== undefined && condition.has_id.includes(subject.id)
  if ('has_vector' in condition) {
    return condition.has_vector !== null && (subject.slots?.has(condition.has_vector) ?? false)
  }
  if ('is_empty' in condition) return valuesOf(payload, condition.is_empty.key).every(isEmpty)
  if ('is_null' in condition) return valuesOf(payload, condition.is_null.key).some(isNull)
  if (!('nested' in condition)) return matches(condition, subject)
  const { key, filter } = condition.nested
  const elements = valuesOf(payload, key.endsWith('[]') ? key : `${key}[]`)
  return elements.some(
    (element) => element.kind === 'object' && matches(filter, { payload: element })
  )
}

function valuesOf(payload: PlainJson, key: string): PlainJson[] {
  return valuesAt(payload, readPath(key))
}

function fieldHolds(test: FieldTest, values: readonly PlainJson[]): boolean {
  if ('is_empty' in test) {
    return values.length === 0
      ? test.is_empty
      : values.some((value) => isEmpty(value) === test.is_empty)
  }
  if ('is_null' in test) {
    const isNullOrHolds = (value: PlainJson) =>
      isNull(value) || (value.kind === 'list' && value.items.some(isNull))
    return values.length === 0
      ? !test.is_null
      : values.some((value) => isNullOrHolds(value) === test.is_null)
  }
  if ('values_count' in test) {
    const counts = values.length === 0 ? [0] : values.map(countOf)
    return counts.some((count) => within(count, test.values_count))
  }
  const elements = values.flatMap((value) => (value.kind === 'list' ? value.items : [value]))
  return elements.some((element) => scalarHolds(test, element))
}

function scalarHolds(
  test: Extract<FieldTest, { match: unknown } | { range: unknown } | { datetime_range: unknown }>,
  value: PlainJson
): boolean {
  if ('range' in test) return value.kind === 'number' && within(Number(value.text), test.range)
  const text = value.kind === 'string' ? (JSON.parse(value.text) as string) : undefined
  if ('datetime_range' in test) {
    const micros = text === undefined ? undefined : readDate(text)
    return micros !== undefined && within(micros, test.datetime_range)
  }
  const { match } = test
  const scalar = scalarOf(value)
  if (match.value !== undefined) return scalar === match.value
  if (match.any) return scalar !== undefined && match.any.some((one) => one === scalar)
  if (match.except) return !isNull(value) && !match.except.some((one) => one === scalar)
  if (text === undefined) return false
  if (match.prefix !== undefined) return text.startsWith(match.prefix)
  if (match.text_any !== undefined) {
    const tokens = match.text_any.split(/\s+/u).filter((token) => token !== '')
    return tokens.some((token) => text.includes(token))
  }
  return text.includes(match.text ?? match.phrase ?? '')
}

/** A string, a bool, or an integer of 64 bits; anything else equals nothing. */
function scalarOf(value: PlainJson): string | bigint | boolean | undefined {
  if (value.kind === 'string') return JSON.parse(value.text) as string
  if (value.kind === 'literal') return value.text === 'null' ? undefined : value.text === 'true'
  if (value.kind !== 'number' || !/^-?(0|[1-9]\d*)$/.test(value.text)) return undefined
  const integer = BigInt(value.text)
  if (value.text === '-0' || BigInt.asIntN(64, integer) !== integer) return undefined
  return integer
}

function isNull(value: PlainJson): boolean {
  return value.kind === 'literal' && value.text === 'null'
}

function isEmpty(value: PlainJson): boolean {
  return isNull(value) || (value.kind === 'list' && value.items.length === 0)
}

function countOf(value: PlainJson): number {
  if (isNull(value)) return 0
  return value.kind === 'list' ? value.items.length : 1
}

function within<T extends number | bigint>(value: T, { lt, gt, lte, gte }: PlainBounds<T>) {
  return (
    (lt === undefined || value < lt) &&
    (gt === undefined || value > gt) &&
    (lte === undefined || value <= lte) &&
    (gte === undefined || value >= gte)
  )
}

const datePattern =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?:(:\d\d)(?:\.(\d+))?(?: ?(Z|z|UTC|[+-]\d\d(?::?\d\d)?))?)?)?$/

/** @returns microseconds since 1970 */
export function readDate(text: string): bigint | undefined {
  const [, day, minute = '00:00', second = ':00', fraction = '', zone = 'Z'] =
    datePattern.exec(text) ?? []
  if (day === undefined) return undefined
  const isLeap = second === ':60'
  const millis = Date.parse(`${day}T${minute}${isLeap ? ':59' : second}Z`)
  // Date carries the 31st of February over to March.
  if (Number.isNaN(millis) || !new Date(millis).toISOString().startsWith(day)) return undefined
  if (Number(minute.slice(0, 2)) > 23) return undefined
  const digits = zone.replace(/\D/g, '')
  const [hours, minutes] = [Number(digits.slice(0, 2)), Number(digits.slice(2))]
  if (hours > 23 || minutes > 59) return undefined
  const offset = (hours * 60 + minutes) * (zone.startsWith('-') ? -60 : 60)
  const seconds = millis / 1000 + (isLeap ? 1 : 0) - offset
  return BigInt(seconds) * 1_000_000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'))
}
