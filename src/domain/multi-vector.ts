/** Several vectors of one length in the place of one, as requests give them: each a list of numbers. */
export type MultiVector = readonly (readonly number[])[]

/** Components that all of them may have together. */
export const multiVectorComponentsMax = 1_048_575

/** What is asked or stored under one name, but for sparse vectors: one vector, or several. */
export function isMultiVector(vector: readonly unknown[]): vector is MultiVector {
  return Array.isArray(vector[0])
}

/**
 * @param path  where the vector stands in the request
 * @returns     what is wrong with the lengths of a multivector; undefined when nothing is
 */
export function multiVectorProblem(
  rows: readonly (readonly unknown[])[],
  path: string
): string | undefined {
  const place = `${path}.data`
  const first = rows[0]?.length
  if (first === undefined) return `${place}: multi vector must not be empty`
  if (rows.some((row) => row.length === 0)) return `${place}: all vectors must be non-empty`
  const other = rows.find((row) => row.length !== first)
  if (other !== undefined) {
    return `${place}: all vectors must have the same dimension, found vector with dimension ${other.length}`
  }
  if (rows.length * first <= multiVectorComponentsMax) return undefined
  return `${place}: a multi vector must have fewer than ${multiVectorComponentsMax + 1} components`
}
