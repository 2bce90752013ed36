/** A sparse vector as requests give it: one value for each index, in any order. */
export interface SparseVector {
  readonly indices: readonly number[]
  readonly values: readonly number[]
}

/**
 * @param path  where the vector stands in the request
 * @returns     what is wrong with a vector of the right shape; undefined when nothing is
 */
export function sparseProblem({ indices, values }: SparseVector, path: string): string | undefined {
  const problems = [
    ...(indices.length === values.length
      ? []
      : [`${path}.values: Validation error: must be the same length as indices [{}]`]),
    ...(new Set(indices).size === indices.length
      ? []
      : [`${path}.indices: Validation error: must be unique [{}]`])
  ]
  return problems.length === 0 ? undefined : problems.join('; ')
}

/** @returns the entries by rising index, as the engine takes them */
export function sortedEntries({ indices, values }: SparseVector): {
  readonly indices: Uint32Array
  readonly values: Float32Array
} {
  const order = Array.from(indices.keys()).sort((a, b) => (indices[a] ?? 0) - (indices[b] ?? 0))
  return {
    indices: Uint32Array.from(order, (at) => indices[at] ?? 0),
    values: Float32Array.from(order, (at) => values[at] ?? 0)
  }
}
