/**
 * Filters as a request spells them, turned plainly into the form that the model reads: each clause a list, dates as
 * microseconds, vectors as slots, several conditions on one key as an `or`.
 */
import { type PlainCondition, type PlainFilter, readDate } from './filter-model.ts'

export type RequestFilter = { readonly [clause: string]: unknown }
type Parts = { readonly [name: string]: unknown }

export function plainFilter(
  filter: RequestFilter,
  slots: ReadonlyMap<string, number>
): PlainFilter {
  const plain = (clause: unknown) =>
    listOf(clause).map((condition) => plainCondition(condition as Parts, slots))
  const least = filter['min_should'] as { conditions: Parts[]; min_count: number } | undefined
  return {
    should: plain(filter['should']),
    must: plain(filter['must']),
    must_not: plain(filter['must_not']),
    ...(least && { min_should: { ...least, conditions: plain(least.conditions) } })
  }
}

function listOf(clause: unknown): readonly unknown[] {
  if (clause === undefined) return []
  return Array.isArray(clause) ? clause : [clause]
}

function plainCondition(condition: Parts, slots: ReadonlyMap<string, number>): PlainCondition {
  if ('key' in condition) return plainField(condition)
  if ('has_id' in condition) {
    const ids = (condition['has_id'] as (number | string)[]).map((id) =>
      typeof id === 'number' ? BigInt(id) : id
    )
    return { has_id: ids }
  }
  if ('has_vector' in condition) {
    return { has_vector: slots.get(String(condition['has_vector'])) ?? null }
  }
  if ('nested' in condition) {
    const { key, filter } = condition['nested'] as { key: string; filter: RequestFilter }
    return { nested: { key, filter: plainFilter(filter, slots) } }
  }
  // These two look alike in a request and in the model.
  if ('is_empty' in condition || 'is_null' in condition) return condition as PlainCondition
  return plainFilter(condition, slots)
}

function plainField({ key, ...parts }: Parts): PlainFilter {
  const tests = Object.entries(parts).map(([name, value]) => ({ key, ...plainTest(name, value) }))
  // The model's types tell the tests apart, which were made by name here.
  return { should: tests as PlainCondition[] }
}

function plainTest(name: string, value: unknown): object {
  if (name === 'match') {
    const match = Object.entries(value as object).map(([kind, wanted]) => [kind, exact(wanted)])
    return { match: Object.fromEntries(match) }
  }
  const bounds = Object.entries(name === 'range' ? (value as object) : {})
  if (!bounds.some(([, bound]) => typeof bound === 'string')) return { [name]: value }
  return {
    datetime_range: Object.fromEntries(bounds.map(([bound, date]) => [bound, readDate(date)]))
  }
}

/** Integers of a match are those of 64 bits. */
function exact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(exact)
  return typeof value === 'number' ? BigInt(value) : value
}
