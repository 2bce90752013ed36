import type { PointId } from '../../src/domain/point-id.ts'
import type { Random } from '../support/random.ts'
import type { FieldTest, PlainBounds, PlainCondition, PlainFilter } from './filter-model.ts'

const keys = ['a', 'b', 'a b', 'ü', 'q']
const scalars = ['null', 'true', 'false', '0', '-0', '1', '1.0', '2', '-3', '0.5', '1e2', '1E-3']
const largeNumbers = ['9007199254740993', '9223372036854775808', '18446744073709551615', '2.50']
const dates = ['2015-02-01T08:00:00+02:00', '2015-01-01', '2015-02-29', '2015-01-01 00:00:60.5 UTC']
const texts = ['', 'x', '1', 'hello world', 'wörld', 'a"]}b', '\\', '\u{1f600}\t', ...dates]

/** Payloads, paths and filters that meet each other often: few keys, few values, every form. */
export class FilterMaker {
  readonly #random: Random
  readonly #ids: readonly PointId[]
  readonly #slots: readonly number[]

  constructor(random: Random, ids: readonly PointId[], slots: readonly number[]) {
    this.#random = random
    this.#ids = ids
    this.#slots = slots
  }

  /** A JSON object as a text, minified. */
  object(depth = 0): string {
    const chosen = keys.filter(() => this.#random.chance(0.45))
    return `{${chosen.map((key) => `${JSON.stringify(key)}:${this.value(depth + 1)}`).join(',')}}`
  }

  value(depth: number): string {
    const dice = this.#random.below(depth > 3 ? 5 : 10)
    if (dice < 3) return this.#random.pick(scalars)
    if (dice < 4) return this.#random.pick(largeNumbers)
    if (dice < 5) return this.#text()
    if (dice < 7) return this.object(depth)
    return `[${this.#some(4, () => this.value(depth + 1)).join(',')}]`
  }

  path(): string {
    const key = () => {
      const name = this.#random.pick(keys)
      return /^[\p{L}_-]+$/u.test(name) && this.#random.chance(0.8) ? name : `"${name}"`
    }
    const step = () => {
      const dice = this.#random.below(8)
      return dice < 4 ? `.${key()}` : dice < 7 ? '[]' : `[${this.#random.below(3)}]`
    }
    return [key(), ...this.#some(3, step)].join('')
  }

  filter(depth = 0): PlainFilter {
    const list = () => this.#some(3, () => this.condition(depth + 1))
    const chance = (probability: number) => this.#random.chance(probability)
    return {
      ...(chance(0.6) && { must: list() }),
      ...(chance(0.3) && { should: list() }),
      ...(chance(0.3) && { must_not: list() }),
      ...(chance(0.15) && {
        min_should: { conditions: list(), min_count: 1 + this.#random.below(3) }
      })
    }
  }

  condition(depth: number): PlainCondition {
    const dice = this.#random.below(depth > 3 ? 10 : 13)
    if (dice < 6) return { key: this.path(), ...this.#test() }
    if (dice < 7) return { is_empty: { key: this.path() } }
    if (dice < 8) return { is_null: { key: this.path() } }
    if (dice < 9) return { has_id: this.#some(12, () => this.#random.pick(this.#ids)) }
    if (dice < 10) return { has_vector: this.#random.pick([...this.#slots, 77, null]) }
    if (dice < 12) return { nested: { key: this.path(), filter: this.filter(depth + 1) } }
    return this.filter(depth + 1)
  }

  #test(): FieldTest {
    const random = this.#random
    switch (random.below(7)) {
      case 0:
        return { match: { value: this.#matchable() } }
      case 1: {
        const values = random.chance(0.5)
          ? this.#some(12, () => random.pick(texts))
          : this.#some(12, () => BigInt(random.below(8) - 3))
        return { match: random.chance(0.5) ? { any: values } : { except: values } }
      }
      case 2: {
        const text = random.pick(['', 'x', 'lo w', 'world x', ' 1  hello', 'a"'])
        const form = random.pick(['text', 'text_any', 'phrase', 'prefix'] as const)
        return { match: { [form]: text } }
      }
      case 3:
        return { range: this.#bounds(() => random.pick([0, 1, 2.5, -3, 0.5, 100, 1e300])) }
      case 4: {
        const moment = () => 1420070400_000000n + BigInt(random.below(4)) * 900_000_000_000n
        return { datetime_range: this.#bounds(moment) }
      }
      case 5:
        return { values_count: this.#bounds(() => random.below(4)) }
      default: {
        const flag = random.chance(0.5)
        return random.chance(0.5) ? { is_empty: flag } : { is_null: flag }
      }
    }
  }

  #matchable(): string | bigint | boolean {
    const dice = this.#random.below(4)
    if (dice === 0) return this.#random.chance(0.5)
    if (dice < 2) return this.#random.pick(texts)
    return this.#random.pick([0n, 1n, 2n, -3n, 9007199254740993n, 2n ** 63n - 1n])
  }

  #bounds<T>(make: () => T): PlainBounds<T> {
    const chance = (probability: number) => this.#random.chance(probability)
    return {
      ...(chance(0.4) && { gt: make() }),
      ...(chance(0.4) && { gte: make() }),
      ...(chance(0.4) && { lt: make() }),
      ...(chance(0.2) && { lte: make() })
    }
  }

  #text(): string {
    const text = JSON.stringify(this.#random.pick(texts))
    return this.#random.chance(0.2) ? text.replace('x', '\\u0078') : text
  }

  #some<Item>(most: number, make: () => Item): Item[] {
    return Array.from({ length: this.#random.below(most + 1) }, make)
  }
}
