import { comparePointIds, type PointId } from '../../src/domain/point-id.ts'
import type { VectorSlot } from '../../src/engine/index.ts'

/** A point in the plain model: vectors by slot, as doubles. */
export interface PlainPoint {
  readonly id: PointId
  readonly vectors: ReadonlyMap<number, readonly number[]>
  readonly payload: object
}

export interface Scored {
  readonly id: PointId
  readonly score: number
  /** How far an f32 kernel may be off, whatever the order in which it sums. */
  readonly tolerance: number
}

const epsilon = 2 ** -23

/** Unit length as the engine stores it, to within f32. */
export function asStored(values: readonly number[], { distance }: VectorSlot): readonly number[] {
  const rounded = values.map(Math.fround)
  const square = rounded.reduce((sum, value) => sum + value * value, 0)
  if (distance !== 'Cosine' || square < epsilon || Math.abs(square - 1) <= 1e-6) return rounded
  const length = Math.fround(Math.sqrt(square))
  return rounded.map((value) => Math.fround(value / length))
}

/** Every point that has the vector with its score, best first; equal scores by id as the engine orders them. */
export function ranking(
  points: Iterable<PlainPoint>,
  slot: VectorSlot,
  query: readonly number[]
): Scored[] {
  const from = asStored(query, slot)
  const scored: Scored[] = []
  for (const { id, vectors } of points) {
    const to = vectors.get(slot.slot)
    if (to !== undefined) scored.push({ id, ...scoreOf(slot, from, to) })
  }
  const sign = isSimilarity(slot) ? -1 : 1
  return scored.sort((a, b) => sign * (a.score - b.score || comparePointIds(a.id, b.id)))
}

export function isSimilarity({ distance }: VectorSlot): boolean {
  return distance === 'Cosine' || distance === 'Dot'
}

/**
 * A sum of n terms in f32 is off by at most (n + 2) ε Σ|term|: each term is rounded at most twice and takes part in at
 * most n additions. The root halves a relative error.
 */
function scoreOf({ distance }: VectorSlot, a: readonly number[], b: readonly number[]) {
  const terms = a.map((value, i) => {
    const other = b[i] ?? 0
    if (distance === 'Euclid') return (value - other) ** 2
    return distance === 'Manhattan' ? Math.abs(value - other) : value * other
  })
  const sum = terms.reduce((total, term) => total + term, 0)
  const tolerance =
    (a.length + 2) * epsilon * terms.reduce((total, term) => total + Math.abs(term), 0)
  if (distance !== 'Euclid') return { score: sum, tolerance: tolerance + 1e-30 }
  return { score: Math.sqrt(sum), tolerance: tolerance / (Math.sqrt(sum) + 1e-30) + 1e-20 }
}
