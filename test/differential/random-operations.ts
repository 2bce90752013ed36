/** Random operations and filters over few ids, keys and values, so that they meet. */
import type { Random } from '../support/random.ts'
import type { Id, Operation, OperationBody, Payload, Vectors } from './points-model.ts'
import type { RequestFilter } from './request-filter.ts'

export const ids: readonly Id[] = [
  ...Array.from({ length: 14 }, (_, index) => index + 1),
  '5c56c793-69f3-4fbf-87e6-c4bf54c28c26',
  '00000000-0000-0000-0000-000000000001'
]
export const vectorSizes: Readonly<Record<string, number>> = { a: 2, b: 3 }

const keys = ['p', 'q', 'list', 'odd key'] as const
const paths = [
  'p',
  'q',
  'q.p',
  'q.q',
  'list',
  'list[]',
  'list[].p',
  'list[0].q',
  'list[].list[]',
  '"odd key".p',
  'none'
]
const texts = ['fox', 'the fox', 'a quick fox', '', '2020-01-01', '2021-06-01']

export class RandomOperations {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  operation(): Operation {
    const name = this.#random.pick([
      'upsert',
      'upsert',
      'upsert',
      'set_payload',
      'set_payload',
      'overwrite_payload',
      'delete_payload',
      'clear_payload',
      'update_vectors',
      'delete_vectors',
      'delete'
    ])
    return { name, body: this.#body(name) }
  }

  filter(depth = 2): RequestFilter {
    const filter: { [clause: string]: unknown } = {}
    for (const clause of ['should', 'must', 'must_not']) {
      if (!this.#random.chance(0.4)) continue
      const conditions = this.#some(3, () => this.#condition(depth))
      filter[clause] =
        conditions.length === 1 && this.#random.chance(0.5) ? conditions[0] : conditions
    }
    if (this.#random.chance(0.1)) {
      const conditions = this.#some(4, () => this.#condition(depth))
      filter['min_should'] = { conditions, min_count: 1 + this.#random.below(3) }
    }
    return filter
  }

  vector(name: string): number[] {
    // Halves: an f32 holds them and their sums exactly.
    return Array.from({ length: vectorSizes[name] ?? 0 }, () => this.#random.below(9) / 2 - 2)
  }

  #body(name: string): OperationBody {
    const random = this.#random
    switch (name) {
      case 'upsert':
        return this.#upsert()
      case 'update_vectors': {
        const points = this.#some(4, () => ({ id: this.#id(), vector: this.#vectors(1) }))
        const listed = points.length > 0 ? points : [{ id: 1, vector: this.#vectors(1) }]
        return { points: listed, ...(random.chance(0.3) && { update_filter: this.filter() }) }
      }
      case 'delete_vectors': {
        const vector = random.pick([['a'], ['b'], ['a', 'b']])
        return random.chance(0.2)
          ? { vector, points: this.#ids(), filter: this.filter() }
          : { vector, ...this.#selector() }
      }
      case 'set_payload':
        return {
          payload: this.#payload(),
          ...(random.chance(0.4) && { key: random.pick(paths) }),
          ...this.#selector()
        }
      case 'overwrite_payload':
        return { payload: this.#payload(), ...this.#selector() }
      case 'delete_payload':
        return { keys: this.#some(3, () => random.pick(paths)), ...this.#selector() }
      default:
        return this.#selector()
    }
  }

  #upsert(): OperationBody {
    const random = this.#random
    const isConditional = random.chance(0.3)
    const wanted = this.#some(6, () => this.#id())
    // What a condition says of an id that comes twice is not written down.
    const chosen = isConditional ? [...new Set(wanted)] : wanted
    const points = chosen.map((id) => ({
      id,
      vector: this.#vectors(0),
      ...(random.chance(0.9) && { payload: this.#payload() })
    }))
    if (!isConditional) return { points }
    return {
      points,
      ...(random.chance(0.6) && {
        update_mode: random.pick(['upsert', 'insert_only', 'update_only'])
      }),
      ...(random.chance(0.6) && { update_filter: this.filter() })
    }
  }

  #selector(): Pick<OperationBody, 'points' | 'filter'> {
    return this.#random.chance(0.5) ? { points: this.#ids() } : { filter: this.filter() }
  }

  #ids(): Id[] {
    return this.#some(4, () => this.#id())
  }

  #id(): Id {
    return this.#random.pick(ids)
  }

  #vectors(least: number): Vectors {
    const names = Object.keys(vectorSizes).filter(() => this.#random.chance(0.7))
    const chosen = names.length < least ? ['a'] : names
    return Object.fromEntries(chosen.map((name) => [name, this.vector(name)]))
  }

  #payload(): Payload {
    return Object.fromEntries(this.#some(4, () => [this.#random.pick(keys), this.#value(2)]))
  }

  #value(depth: number): unknown {
    const random = this.#random
    const kind = random.below(depth > 0 ? 8 : 5)
    if (kind === 0) return null
    if (kind === 1) return random.chance(0.5)
    if (kind === 2) return random.below(4) - 1
    if (kind === 3) return random.below(4) + 0.5
    if (kind === 4) return random.pick(texts)
    if (kind < 7) return this.#some(3, () => this.#value(depth - 1))
    return Object.fromEntries(this.#some(3, () => [random.pick(keys), this.#value(depth - 1)]))
  }

  #condition(depth: number): unknown {
    const random = this.#random
    const kind = random.below(12)
    const key = random.pick(paths)
    if (kind === 0) return { is_empty: { key } }
    // Whether a list that holds null is null here is left open.
    if (kind === 1) return { is_null: { key: random.pick(['p', 'q.p', 'none', 'list[].p']) } }
    if (kind === 2) return { has_id: this.#ids() }
    if (kind === 3) return { has_vector: random.pick(['a', 'b', 'none']) }
    if (kind === 4 && depth > 0) return this.filter(depth - 1)
    if (kind === 5 && depth > 0) {
      return {
        nested: { key: random.pick(['list', 'list[]', 'q', 'p[]']), filter: this.filter(depth - 1) }
      }
    }
    return { key, ...this.#field(), ...(random.chance(0.1) && this.#field()) }
  }

  #field(): object {
    const random = this.#random
    const scalar = () => (random.chance(0.5) ? random.below(4) - 1 : random.pick(texts))
    switch (random.below(8)) {
      case 0:
        return { match: { value: random.chance(0.2) ? random.chance(0.5) : scalar() } }
      case 1:
        return {
          match: { [random.pick(['any', 'except'])]: this.#some(3, () => random.pick(texts)) }
        }
      case 2:
        return {
          match: { [random.pick(['any', 'except'])]: this.#some(3, () => random.below(4) - 1) }
        }
      case 3:
        return {
          match: { [random.pick(['text', 'text_any', 'phrase', 'prefix'])]: random.pick(texts) }
        }
      case 4:
        return { range: this.#bounds(() => random.below(9) / 2 - 1) }
      case 5:
        return {
          range: { gte: random.pick(['2019-12-31', '2020-01-01']), lt: '2021-01-01T00:00:00Z' }
        }
      case 6:
        return { values_count: this.#bounds(() => random.below(3)) }
      default:
        return { [random.pick(['is_empty', 'is_null'])]: random.chance(0.5) }
    }
  }

  #bounds(bound: () => number): object {
    return Object.fromEntries(
      ['lt', 'gt', 'lte', 'gte']
        .filter(() => this.#random.chance(0.3))
        .map((name) => [name, bound()])
    )
  }

  #some<Item>(most: number, make: () => Item): Item[] {
    return Array.from({ length: this.#random.below(most + 1) }, make)
  }
}
