/** The points of a soak: what each holds follows from its id and the operations that wrote it, so that any answer can be checked. */
import { Random } from './random.ts'

export const dimension = 16
export const groups = 7
const centres = 24
const words = 400

/** Operations that wrote the vectors of a point, and its payload. */
export interface PointVersion {
  readonly vectors: number
  readonly payload: number
}

export interface SparseVector {
  readonly indices: readonly number[]
  readonly values: readonly number[]
}

/** f32[dimension] around one of a few centres, not normalised. */
export function denseOf(id: number, operation: number): number[] {
  const random = new Random((id * 2_654_435_761 + operation * 40_503) >>> 0)
  return aroundCentre(random.below(centres), random)
}

/** A query like the points. */
export function queryOf(random: Random): number[] {
  return aroundCentre(random.below(centres), random)
}

function aroundCentre(centre: number, random: Random): number[] {
  const middle = new Random(centre + 1)
  return Array.from({ length: dimension }, () =>
    Math.fround((middle.below(2001) - 1000 + (random.below(1201) - 600)) / 1000)
  )
}

export function sparseOf(id: number, operation: number): SparseVector {
  return sparseFrom(new Random((id * 97 + operation * 31) >>> 0))
}

export function sparseFrom(random: Random): SparseVector {
  const chosen = Array.from({ length: 2 + random.below(5) }, () => random.below(words))
  const indices = [...new Set(chosen)].sort((a, b) => a - b)
  return { indices, values: indices.map(() => (1 + random.below(8)) / 8) }
}

export const groupOf = (operation: number) => operation % groups

/** A payload that names the versions that it belongs to. */
export const payloadOf = ({ vectors, payload }: PointVersion) => ({
  vectors,
  payload,
  group: groupOf(payload)
})

export const pointOf = (id: number, version: PointVersion) => ({
  id,
  vector: { dense: denseOf(id, version.vectors), words: sparseOf(id, version.vectors) },
  payload: payloadOf(version)
})

export function cosine(a: readonly number[], b: readonly number[]): number {
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

export function sparseDot(a: SparseVector, b: SparseVector): number {
  return a.indices.reduce((sum, index, at) => {
    const other = b.indices.indexOf(index)
    return other < 0 ? sum : sum + (a.values[at] ?? 0) * (b.values[other] ?? 0)
  }, 0)
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0)
}
