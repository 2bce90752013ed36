import { randomFrom } from './seed.ts'

/** A seeded generator: the same seed gives the same run. */
export class Random {
  /** @returns a number in [0, 1) */
  readonly next: () => number

  constructor(seed: number) {
    this.next = randomFrom(seed)
  }

  /** @returns a whole number in [0, end) */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  /** @returns a number in [from, to] that a float of 32 bits holds, so that no reading of its text can round it */
  float(from: number, to: number): number {
    return Math.fround(from + this.next() * (to - from))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }
}
