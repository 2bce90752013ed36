import type { CollectionView } from '../domain/directory.ts'
import { excludingIds, type FilterMeta, idMeta } from '../domain/filter/index.ts'
import {
  parseRequest,
  queryBatchSchema,
  queryPointsSchema,
  searchPointsSchema
} from '../domain/schemas/index.ts'
import type { SparseVector } from '../domain/sparse-vector.ts'
import { EngineError } from '../errors/index.ts'
import {
  answerInOrder,
  answerNearest,
  findSlot,
  joinResults,
  planNearest,
  pointShape,
  vectorOfPoint
} from '../query/index.ts'
import type { ReadOptions, ServiceContext } from './context.ts'
import { checkStillWanted, deadlineNs, withinDeadline } from './deadline.ts'
import { packFilter, readFilter } from './filters.ts'
import { checkResultPoints, refuseLater } from './points-read.ts'
import {
  checkedSparse,
  readQueryInput,
  refuseLaterKinds,
  withRoundedNumbers
} from './query-input.ts'
import { readableCollection } from './read-barrier.ts'
import { shardsOf } from './shards-of.ts'

const limitDefault = 10

/** One search, or each of a batch. @param path  put before the places that errors name */
type Answer = (
  context: ServiceContext,
  view: CollectionView,
  body: unknown,
  options: ReadOptions,
  path: string
) => Promise<Buffer>

/** An operation of the transport: a body in, the response body out. */
type Operation = (
  context: ServiceContext,
  name: string,
  body: unknown,
  options: ReadOptions
) => Promise<Buffer>

/** `POST …/points/query`. */
export const queryPoints: Operation = async (context, name, body, options) =>
  answerQuery(context, await readableCollection(context, name, options), body, options, 'internal.')

/** `POST …/points/search`, the older form. */
export const searchPoints: Operation = async (context, name, body, options) =>
  answerSearch(context, await readableCollection(context, name, options), body, options, '')

export const queryPointsBatch: Operation = (context, name, body, options) =>
  answerBatch(context, name, body, options, (...one) => answerQuery(...one), 'internal.')

export const searchPointsBatch: Operation = (context, name, body, options) =>
  answerBatch(context, name, body, options, (...one) => answerSearch(...one), '')

async function answerBatch(
  context: ServiceContext,
  name: string,
  body: unknown,
  options: ReadOptions,
  answer: Answer,
  path: string
): Promise<Buffer> {
  const view = await readableCollection(context, name, options)
  const { searches } = parseRequest(queryBatchSchema, body)
  const responses = await answerInOrder(searches, async (search, index) => {
    checkStillWanted(context, options, 'query batch')
    return answer(context, view, search, options, `searches[${index}].${path}`)
  })
  return joinResults(responses, options.startedAt)
}

const answerQuery: Answer = async (context, view, body, options, path) => {
  refuseLaterKinds(body)
  const request = parseRequest(queryPointsSchema, withRoundedNumbers(body), path)
  refuseLater(request.prefetch, 'prefetch')
  refuseLater(request.lookup_from, 'lookup_from')
  const input = readQueryInput(request.query, `${path}query`)
  const filter = readFilter(view, context.limits, request.filter, `${path}filter`)
  const shape = pointShape(view, request, false, options.startedAt)
  const [limit, offset] = [request.limit ?? limitDefault, request.offset ?? 0]
  checkResultPoints(context, limit + offset)
  const shards = shardsOf(context, view, options)
  if (input.kind === 'idOrder') {
    refuseThreshold(request.score_threshold)
    const plan = { limit, offset, filter: packFilter(filter) }
    return withinDeadline(context, options, 'query', shards.renderInIdOrder(plan, shape))
  }
  const using = request.using ?? ''
  const vector =
    input.kind === 'vector'
      ? input.vector
      : await vectorOfPoint(view, shards, findSlot(view, using), input.id)
  const plan = planNearest(view, {
    vector,
    using,
    limit,
    offset,
    params: request.params,
    scoreThreshold: request.score_threshold,
    // A point that is asked about is no answer.
    filter: packFilter(input.kind === 'point' ? excludingIds(filter, [idMeta(input.id)]) : filter)
  })
  return answerNearest(shards, plan, shape, 'query', deadlineNs(context, options), options)
}

const answerSearch: Answer = async (context, view, body, options, path) => {
  const request = parseRequest(searchPointsSchema, withRoundedNumbers(body), path)
  const limit = request.limit ?? request.top
  if (limit === undefined || limit === null) {
    throw new EngineError('MILLRACE_BODY_MALFORMED', { reason: `${path}missing field \`limit\`` })
  }
  const filter: FilterMeta | undefined = readFilter(
    view,
    context.limits,
    request.filter,
    `${path}filter`
  )
  const { vector } = request
  const named = 'name' in vector ? vector : undefined
  const plan = planNearest(view, {
    vector: 'name' in vector ? searchedVector(vector.vector, path) : vector,
    using: named?.name,
    limit,
    offset: request.offset ?? 0,
    params: request.params,
    scoreThreshold: request.score_threshold,
    filter: packFilter(filter)
  })
  checkResultPoints(context, plan.k)
  const shape = pointShape(view, request, false, options.startedAt)
  const shards = shardsOf(context, view, options)
  return answerNearest(shards, plan, shape, 'search', deadlineNs(context, options), options)
}

function searchedVector(vector: readonly number[] | SparseVector, path: string) {
  return 'indices' in vector ? checkedSparse(vector, `${path}vector.vector`) : vector
}

function refuseThreshold(threshold: number | null | undefined): void {
  if (threshold === undefined || threshold === null) return
  throw new EngineError('MILLRACE_REQUEST_INVALID', {
    reason:
      "A query is needed to use the score_threshold. Can't have score_threshold without defining a query."
  })
}
