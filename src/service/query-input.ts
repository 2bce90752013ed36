/** What a query is about: a vector, a point whose vector is meant, or nothing. */

import { isMultiVector, type MultiVector, multiVectorProblem } from '../domain/multi-vector.ts'
import { type PointId, pointIdFromJson } from '../domain/point-id.ts'
import { type SparseVector, sparseProblem } from '../domain/sparse-vector.ts'
import { EngineError } from '../errors/index.ts'
import type { QueryVector } from '../query/index.ts'

export type QueryInput =
  | { readonly kind: 'vector'; readonly vector: QueryVector }
  | { readonly kind: 'point'; readonly id: PointId }
  | { readonly kind: 'idOrder' }

/**
 * @param query  as `queryPointsSchema` has found it right
 * @param path   where it stands in the request
 * @throws       MILLRACE_BODY_INVALID for a sparse vector that is none
 */
export function readQueryInput(query: unknown, path: string): QueryInput {
  if (query === undefined || query === null) return { kind: 'idOrder' }
  const isNamed = isMap(query) && 'nearest' in query
  const input = isNamed ? query['nearest'] : query
  if (isMap(input)) {
    const place = isNamed ? `${path}.nearest` : path
    return { kind: 'vector', vector: checkedSparse(input as unknown as SparseVector, place) }
  }
  // The schema has seen numbers in a list, or in lists.
  if (Array.isArray(input)) {
    const vector = input as readonly number[] | MultiVector
    return { kind: 'vector', vector: isMultiVector(vector) ? checkedMulti(vector, path) : vector }
  }
  const id = pointIdFromJson(input)
  if (id === undefined) throw notAQuery()
  return { kind: 'point', id }
}

/** @param vector  in which the schema has seen two lists */
export function checkedSparse(vector: SparseVector, path: string): SparseVector {
  const reason = sparseProblem(vector, path)
  if (reason === undefined) return vector
  throw new EngineError('MILLRACE_BODY_INVALID', { reason })
}

function checkedMulti(vectors: MultiVector, path: string): MultiVector {
  const reason = multiVectorProblem(vectors, path)
  if (reason === undefined) return vectors
  throw new EngineError('MILLRACE_BODY_INVALID', { reason })
}

const laterKinds: ReadonlySet<string> = new Set([
  'recommend',
  'discover',
  'context',
  'order_by',
  'fusion',
  'rrf',
  'formula',
  'sample',
  'relevance_feedback',
  'mmr'
])

/**
 * Refuses the kinds of query that the API knows and this version does not, instead of a type error.
 *
 * @param body  as it was parsed
 */
export function refuseLaterKinds(body: unknown): void {
  if (!isMap(body) || !isMap(body['query'])) return
  const { query } = body
  const later = Object.entries(query).find(
    ([name, value]) => laterKinds.has(name) && value !== undefined && value !== null
  )
  if (later !== undefined) throw unsupported(`query kind \`${later[0]}\``)
  const nearest = 'nearest' in query ? query['nearest'] : query
  if (!isMap(nearest)) return
  if ('indices' in nearest || 'values' in nearest) return
  if (['text', 'image', 'object'].some((name) => name in nearest)) {
    throw unsupported('server-side inference')
  }
  throw notAQuery()
}

/**
 * Rounds the whole numbers that were kept exact for the sake of ids where a vector or a score is meant.
 *
 * @returns `body` itself when there are none
 */
export function withRoundedNumbers(body: unknown): unknown {
  if (!isMap(body)) return body
  const { query, vector, score_threshold: threshold } = body
  if (typeof threshold !== 'bigint' && !hasBigInt(query) && !hasBigInt(vector)) return body
  return {
    ...body,
    query: rounded(query),
    vector: rounded(vector),
    score_threshold: typeof threshold === 'bigint' ? Number(threshold) : threshold
  }
}

const numberMembers = ['nearest', 'vector', 'indices', 'values']

/** Whether there is one in a vector; alone it is an id. */
function hasBigInt(value: unknown): boolean {
  if (Array.isArray(value)) {
    return value.some(
      (item) => typeof item === 'bigint' || (Array.isArray(item) && hasBigInt(item))
    )
  }
  return isMap(value) && numberMembers.some((name) => hasBigInt(value[name]))
}

function rounded(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((item) =>
      typeof item === 'bigint' ? Number(item) : Array.isArray(item) ? rounded(item) : item
    )
  }
  if (!isMap(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, rounded(inner)]))
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function notAQuery(): EngineError {
  return new EngineError('MILLRACE_BODY_MALFORMED', {
    reason: 'Expected some form of vector, id, or a type of query'
  })
}

function unsupported(option: string): EngineError {
  return new EngineError('MILLRACE_OPTION_UNSUPPORTED', {
    option,
    remedy: 'send a vector or the id of a point as `query`'
  })
}
