import { EngineError } from '../../errors/index.ts'
import { type PointId, pointIdFromJson, uuidBytes } from '../point-id.ts'
import type { MetaValue } from '../record/index.ts'
import { readFieldCondition } from './field-condition.ts'
import { invalid, isGiven, isObject, malformed, unsupported } from './problems.ts'

/** What a filter is read against. */
export interface FilterContext {
  isJsonPath(text: string): boolean
  /** The slot of a vector name, undefined when the collection has no such vector. */
  slotOf(name: string): number | undefined
  readonly limits: { readonly filterConditions: number; readonly filterDepth: number }
}

/** A filter as META holds it: lists for clauses, dates as microseconds, vectors as slots. */
export type FilterMeta = {
  readonly should?: readonly MetaValue[]
  readonly must?: readonly MetaValue[]
  readonly must_not?: readonly MetaValue[]
  readonly min_should?: { readonly conditions: readonly MetaValue[]; readonly min_count: number }
}

const clauseNames: ReadonlySet<string> = new Set(['should', 'min_should', 'must', 'must_not'])
const kindsOfCondition =
  'Expected some form of condition, which can be a field condition (like {"key": ..., "match": ... }), or some other mentioned in the documentation'

/** Reads one filter with all that is nested in it, and counts. */
export class FilterReader {
  readonly #context: FilterContext
  #conditions = 0
  #depth = 0

  constructor(context: FilterContext) {
    this.#context = context
  }

  filter(value: unknown, path: string): FilterMeta {
    if (!isObject(value)) throw malformed(path, 'invalid type, expected a map with clauses')
    const unknown = Object.keys(value).find((name) => !clauseNames.has(name))
    if (unknown !== undefined) {
      throw malformed(
        path,
        `unknown field \`${unknown}\`, expected one of \`should\`, \`min_should\`, \`must\`, \`must_not\``
      )
    }
    this.#enter()
    const { should, must, must_not: mustNot, min_should: minShould } = value
    const filter: FilterMeta = {
      ...(isGiven(should) && { should: this.#clause(should, `${path}.should`) }),
      ...(isGiven(minShould) && { min_should: this.#minShould(minShould, `${path}.min_should`) }),
      ...(isGiven(must) && { must: this.#clause(must, `${path}.must`) }),
      ...(isGiven(mustNot) && { must_not: this.#clause(mustNot, `${path}.must_not`) })
    }
    this.#depth--
    return filter
  }

  #enter(): void {
    this.#depth++
    const { filterDepth } = this.#context.limits
    if (this.#depth <= filterDepth) return
    throw new EngineError('MILLRACE_INPUT_INVALID', {
      reason: `the filter is nested deeper than the limit of ${filterDepth} levels (limits.filterDepth)`
    })
  }

  /** A list of conditions, or a single one. */
  #clause(value: unknown, path: string): MetaValue[] {
    return Array.isArray(value) ? this.#list(value, path) : [this.#condition(value, path)]
  }

  #list(conditions: readonly unknown[], path: string): MetaValue[] {
    return conditions.map((condition, index) => this.#condition(condition, `${path}[${index}]`))
  }

  #minShould(value: unknown, path: string): NonNullable<FilterMeta['min_should']> {
    if (!isObject(value)) throw malformed(path, 'invalid type, expected a map')
    const { conditions, min_count: minCount } = value
    if (!Array.isArray(conditions)) throw malformed(path, 'missing field `conditions`')
    if (!isGiven(minCount)) throw malformed(path, 'missing field `min_count`')
    if (typeof minCount !== 'number' || !Number.isSafeInteger(minCount) || minCount < 0) {
      throw malformed(`${path}.min_count`, `invalid value \`${minCount}\`, expected a whole number`)
    }
    const list = this.#list(conditions, `${path}.conditions`)
    if (minCount === 0) throw invalid(`${path}.min_count`, 'min_count must be greater than 0')
    // More than there are conditions never matches: one more says the same within 32 bits.
    return { conditions: list, min_count: Math.min(minCount, list.length + 1) }
  }

  #condition(value: unknown, path: string): MetaValue {
    this.#count()
    if (!isObject(value)) throw malformed(path, kindsOfCondition)
    if ('key' in value) {
      if (typeof value['key'] !== 'string') throw malformed(`${path}.key`, 'expected a string')
      return readFieldCondition(this.#jsonPath(value['key'], `${path}.key`), value, path)
    }
    if ('is_empty' in value) return { is_empty: this.#keyOf(value['is_empty'], `${path}.is_empty`) }
    if ('is_null' in value) return { is_null: this.#keyOf(value['is_null'], `${path}.is_null`) }
    if ('has_id' in value) return { has_id: readIds(value['has_id'], `${path}.has_id`) }
    if ('has_vector' in value) return this.#hasVector(value['has_vector'], path)
    if ('nested' in value) return this.#nested(value['nested'], `${path}.nested`)
    if ('slice' in value) throw unsupported('the condition `slice`')
    if (Object.keys(value).some((name) => !clauseNames.has(name))) {
      throw malformed(path, kindsOfCondition)
    }
    return this.filter(value, path)
  }

  #count(): void {
    this.#conditions++
    const { filterConditions } = this.#context.limits
    if (this.#conditions <= filterConditions) return
    throw new EngineError('MILLRACE_INPUT_INVALID', {
      reason: `the filter has more conditions than the limit of ${filterConditions} (limits.filterConditions)`
    })
  }

  #keyOf(value: unknown, path: string): MetaValue {
    if (!isObject(value) || typeof value['key'] !== 'string') {
      throw malformed(path, 'expected a map with `key`')
    }
    return { key: this.#jsonPath(value['key'], `${path}.key`) }
  }

  #hasVector(name: unknown, path: string): MetaValue {
    if (typeof name !== 'string') throw malformed(`${path}.has_vector`, 'expected a string')
    return { has_vector: this.#context.slotOf(name) ?? null }
  }

  #nested(value: unknown, path: string): MetaValue {
    if (!isObject(value) || typeof value['key'] !== 'string') {
      throw malformed(path, 'missing field `key`')
    }
    if (!isGiven(value['filter'])) throw malformed(path, 'missing field `filter`')
    const key = this.#jsonPath(value['key'], `${path}.key`)
    return { nested: { key, filter: this.filter(value['filter'], `${path}.filter`) } }
  }

  #jsonPath(text: string, path: string): string {
    if (this.#context.isJsonPath(text)) return text
    throw malformed(path, `Invalid json path: \`${text}\``)
  }
}

/** Ids as META holds them: a number, or the bytes of a UUID. */
export function idMeta(id: PointId): bigint | Uint8Array {
  return typeof id === 'bigint' ? id : uuidBytes(id)
}

function readIds(value: unknown, path: string): MetaValue {
  if (!Array.isArray(value)) throw malformed(path, 'expected a list of point ids')
  return value.map((item: unknown) => {
    const id = pointIdFromJson(item)
    if (id === undefined) {
      throw malformed(
        path,
        `value ${String(item)} is not a valid point ID, valid values are either an unsigned integer or a UUID`
      )
    }
    return idMeta(id)
  })
}
