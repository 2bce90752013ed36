/** What a filter of a request selects, by plain reading of points-and-filters.md §5 of the reference. */
import { isMap, type Json, type Payload, pathSteps, valuesAt } from './payload-model.ts'

export interface FilteredPoint {
  readonly id: number | string
  readonly payload: Payload
  /** Names of the vectors that it has; none inside of a nested filter. */
  readonly vectors: ReadonlySet<string>
}

export type RequestFilter = { readonly [clause: string]: unknown }
type Condition = { readonly [name: string]: unknown }

export function matchesFilter(filter: RequestFilter, point: FilteredPoint): boolean {
  const hits = (clause: unknown) =>
    listOf(clause).filter((condition) => matchesCondition(condition, point)).length
  const { should, must, must_not: mustNot, min_should: minShould } = filter
  const least = minShould as { conditions: Condition[]; min_count: number } | undefined
  return (
    (listOf(should).length === 0 || hits(should) > 0) &&
    hits(must) === listOf(must).length &&
    hits(mustNot) === 0 &&
    (least === undefined || hits(least.conditions) >= least.min_count)
  )
}

function listOf(clause: unknown): Condition[] {
  if (clause === undefined || clause === null) return []
  return (Array.isArray(clause) ? clause : [clause]) as Condition[]
}

function matchesCondition(condition: Condition, point: FilteredPoint): boolean {
  const { key, is_empty: isEmpty, is_null: isNull, has_id: ids, nested } = condition
  if (typeof key === 'string') return matchesField(condition, valuesOf(point, key))
  if (isEmpty !== undefined) return valuesOf(point, keyIn(isEmpty)).every(isBlank)
  if (isNull !== undefined) return valuesOf(point, keyIn(isNull)).some((value) => value === null)
  if (ids !== undefined) return (ids as unknown[]).includes(point.id)
  if ('has_vector' in condition) return point.vectors.has(String(condition['has_vector']))
  if (nested !== undefined) return matchesNested(nested as Condition, point)
  return matchesFilter(condition, point)
}

function keyIn(value: unknown): string {
  return (value as { key: string }).key
}

function valuesOf(point: FilteredPoint, key: string): Json[] {
  return valuesAt(point.payload, pathSteps(key))
}

function matchesNested(nested: Condition, point: FilteredPoint): boolean {
  const key = String(nested['key'])
  const elements = valuesOf(point, key.endsWith('[]') ? key : `${key}[]`)
  return elements.some(
    (element) =>
      isMap(element) &&
      // A nested filter sees one object of the payload and nothing else of the point.
      matchesFilter(nested['filter'] as RequestFilter, {
        id: 'none',
        payload: element,
        vectors: new Set()
      })
  )
}

/** Of several kinds of condition on one key any is enough. */
function matchesField(condition: Condition, values: readonly Json[]): boolean {
  const { match, range, values_count: count, is_empty: isEmpty, is_null: isNull } = condition
  return (
    (match !== undefined &&
      elementsOf(values).some((value) => isMatch(match as Condition, value))) ||
    (range !== undefined &&
      elementsOf(values).some((value) => isInRange(range as Bounds, value))) ||
    (count !== undefined && countsOf(values).some((n) => isWithin(count as Bounds, n))) ||
    (isEmpty !== undefined && holds(values, isBlank, isEmpty === true, true)) ||
    (isNull !== undefined && holds(values, isNullish, isNull === true, false))
  )
}

/** @param ofNone  what holds of a point that has no value at the key */
function holds(
  values: readonly Json[],
  test: (value: Json) => boolean,
  expected: boolean,
  ofNone: boolean
): boolean {
  if (values.length === 0) return expected === ofNone
  return values.some((value) => test(value) === expected)
}

function isBlank(value: Json): boolean {
  return value === null || (Array.isArray(value) && value.length === 0)
}

function isNullish(value: Json): boolean {
  return value === null || (Array.isArray(value) && value.includes(null))
}

/** Conditions look into a list one level deep. */
function elementsOf(values: readonly Json[]): Json[] {
  return values.flatMap((value) => (Array.isArray(value) ? value : [value]))
}

function countsOf(values: readonly Json[]): number[] {
  if (values.length === 0) return [0]
  return values.map((value) => (value === null ? 0 : Array.isArray(value) ? value.length : 1))
}

function isMatch(match: Condition, value: Json): boolean {
  const [kind, wanted] = Object.entries(match)[0] ?? []
  const isText = typeof value === 'string'
  const isScalar = isText || Number.isInteger(value)
  switch (kind) {
    case 'value':
      return value === wanted
    case 'any':
      return isScalar && (wanted as Json[]).includes(value)
    case 'except':
      return value !== null && !(isScalar && (wanted as Json[]).includes(value))
    case 'text':
    case 'phrase':
      return isText && value.includes(String(wanted))
    case 'text_any':
      return isText && (String(wanted).match(/\S+/g) ?? []).some((token) => value.includes(token))
    case 'prefix':
      return isText && value.startsWith(String(wanted))
    default:
      throw new Error(`no model of match ${kind}`)
  }
}

type Bounds = Readonly<Record<string, number | string>>

function isInRange(range: Bounds, value: Json): boolean {
  const isDates = Object.values(range).some((bound) => typeof bound === 'string')
  if (!isDates) return typeof value === 'number' && isWithin(range, value)
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value)) return false
  const dates = Object.entries(range).map(([name, bound]) => [name, Date.parse(String(bound))])
  return isWithin(Object.fromEntries(dates), Date.parse(value))
}

function isWithin({ lt, gt, lte, gte }: Bounds, value: number): boolean {
  return (
    (lt === undefined || value < Number(lt)) &&
    (gt === undefined || value > Number(gt)) &&
    (lte === undefined || value <= Number(lte)) &&
    (gte === undefined || value >= Number(gte))
  )
}
