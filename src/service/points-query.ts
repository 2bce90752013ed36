import { parseRequest, queryPointsSchema, searchPointsSchema } from '../domain/schemas/index.ts'
import { EngineError } from '../errors/index.ts'
import { answerNearest, planNearest, pointShape, selectorsOf } from '../query/index.ts'
import type { ReadOptions, ServiceContext } from './context.ts'
import { checkResultPoints, refuseLater } from './points-read.ts'
import { readableCollection } from './read-barrier.ts'

const limitDefault = 10

/** `POST …/points/query` with a dense vector. @returns the response body */
export async function queryPoints(
  context: ServiceContext,
  name: string,
  body: unknown,
  options: ReadOptions
): Promise<Buffer> {
  const view = await readableCollection(context, name, options)
  const request = parseRequest(queryPointsSchema, withNearest(body), 'internal.')
  refuseLater(request.prefetch, 'prefetch')
  refuseLater(request.lookup_from, 'lookup_from')
  refuseLater(request.filter, 'filter')
  if (request.query === undefined || request.query === null) {
    throw new EngineError('MILLRACE_OPTION_UNSUPPORTED', {
      option: 'a query without `query`',
      remedy: 'use points/scroll'
    })
  }
  const vector = 'nearest' in request.query ? request.query.nearest : request.query
  const plan = planNearest(view, {
    vector,
    using: request.using ?? undefined,
    limit: request.limit ?? limitDefault,
    offset: request.offset ?? 0,
    params: request.params,
    scoreThreshold: request.score_threshold
  })
  checkResultPoints(context, plan.k)
  const shape = pointShape(view, selectorsOf(request, false), options.startedAt)
  return answerNearest(view, plan, shape, 'query', deadlineNs(context, options))
}

/** `POST …/points/search`, the older form. @returns the response body */
export async function searchPoints(
  context: ServiceContext,
  name: string,
  body: unknown,
  options: ReadOptions
): Promise<Buffer> {
  const view = await readableCollection(context, name, options)
  const request = parseRequest(searchPointsSchema, body)
  refuseLater(request.filter, 'filter')
  const limit = request.limit ?? request.top
  if (limit === undefined || limit === null) {
    throw new EngineError('MILLRACE_BODY_MALFORMED', { reason: 'missing field `limit`' })
  }
  const named = Array.isArray(request.vector) ? undefined : request.vector
  const plan = planNearest(view, {
    vector: Array.isArray(request.vector) ? request.vector : request.vector.vector,
    using: named?.name,
    limit,
    offset: request.offset ?? 0,
    params: request.params,
    scoreThreshold: request.score_threshold
  })
  checkResultPoints(context, plan.k)
  const shape = pointShape(view, selectorsOf(request, false), options.startedAt)
  return answerNearest(view, plan, shape, 'search', deadlineNs(context, options))
}

function deadlineNs(context: ServiceContext, { startedAt, timeoutMs }: ReadOptions): bigint {
  return startedAt + BigInt(timeoutMs ?? context.limits.requestTimeoutMs) * 1_000_000n
}

/** Names the kinds of query that the API knows and this version does not, instead of a type error. */
function withNearest(body: unknown): unknown {
  const query =
    typeof body === 'object' && body !== null && 'query' in body ? body.query : undefined
  const isObject = typeof query === 'object' && query !== null && !Array.isArray(query)
  if (isObject && !('nearest' in query)) {
    const kind = Object.keys(query)[0] ?? 'empty'
    throw new EngineError('MILLRACE_OPTION_UNSUPPORTED', {
      option: `query kind \`${kind}\``,
      remedy: 'send a dense vector as `query`'
    })
  }
  if (typeof query === 'string' || typeof query === 'number' || typeof query === 'bigint') {
    throw new EngineError('MILLRACE_OPTION_UNSUPPORTED', {
      option: 'a query by point id',
      remedy: 'send the vector itself'
    })
  }
  return body
}
