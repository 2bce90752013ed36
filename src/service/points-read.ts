import type { CollectionView } from '../domain/directory.ts'
import { pointIdFromPath } from '../domain/point-id.ts'
import {
  countPointsSchema,
  parseRequest,
  retrievePointsSchema,
  scrollPointsSchema
} from '../domain/schemas/index.ts'
import { bucketOf, type PointIds, parsePointIds } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import { pointShape } from '../query/index.ts'
import type { ReadOptions, ServiceContext } from './context.ts'
import { withinDeadline } from './deadline.ts'
import { packFilter, readFilter } from './filters.ts'
import { readPointId } from './point-ids.ts'
import { readableCollection } from './read-barrier.ts'
import { shardsOf } from './shards-of.ts'

const scrollLimitDefault = 10

/** @returns the response body for `GET …/points/{id}`. @throws MILLRACE_POINT_NOT_FOUND */
export async function getPoint(
  context: ServiceContext,
  name: string,
  idText: string,
  options: ReadOptions
): Promise<Buffer> {
  const id = pointIdFromPath(idText)
  if (id === undefined)
    throw new EngineError('MILLRACE_POINT_ID_INVALID', { id: idText.slice(0, 100) })
  const view = await readableCollection(context, name, options)
  const ids = parsePointIds([String(id)])
  const shape = pointShape(view, { with_vector: true }, true, options.startedAt)
  const shards = shardsOf(context, view, options)
  const body = await shards.renderPoint(shardOfPoint(view, ids, 0), ids, shape)
  if (!body) throw new EngineError('MILLRACE_POINT_NOT_FOUND', { id })
  return body
}

/** @returns the response body: the known points in the order of `ids`, each once */
export async function retrievePoints(
  context: ServiceContext,
  name: string,
  body: unknown,
  options: ReadOptions
): Promise<Buffer> {
  const view = await readableCollection(context, name, options)
  const request = parseRequest(retrievePointsSchema, body)
  checkResultPoints(context, request.ids.length)
  const ids = parsePointIds(request.ids.map((id) => String(readPointId(id))))
  const shardOf = Uint32Array.from({ length: ids.count }, (_, index) =>
    shardOfPoint(view, ids, index)
  )
  const shape = pointShape(view, request, false, options.startedAt)
  const points = shardsOf(context, view, options).renderPoints(ids, shardOf, shape)
  return withinDeadline(context, options, 'retrieve', points)
}

function shardOfPoint(view: CollectionView, ids: PointIds, index: number): number {
  return view.shardOfBucket[bucketOf(ids, index)] ?? 0
}

/** @returns the response body: a page of points in id order */
export async function scrollPoints(
  context: ServiceContext,
  name: string,
  body: unknown,
  options: ReadOptions
): Promise<Buffer> {
  const view = await readableCollection(context, name, options)
  const request = parseRequest(scrollPointsSchema, body, 'scroll_request.')
  refuseLater(request.order_by, 'order_by')
  const filter = readFilter(view, context.limits, request.filter, 'scroll_request.filter')
  const limit = request.limit ?? scrollLimitDefault
  checkResultPoints(context, limit)
  const { offset } = request
  const from =
    offset === undefined || offset === null ? null : parsePointIds([String(readPointId(offset))])
  const shape = pointShape(view, request, true, options.startedAt)
  const shards = shardsOf(context, view, options)
  const page = shards.renderScroll(from, limit, shape, packFilter(filter))
  return withinDeadline(context, options, 'scroll', page)
}

export async function countPoints(
  context: ServiceContext,
  name: string,
  body: unknown,
  options: ReadOptions
): Promise<{ count: number }> {
  const view = await readableCollection(context, name, options)
  const request = parseRequest(countPointsSchema, body)
  const filter = packFilter(readFilter(view, context.limits, request.filter, 'filter'))
  const count = shardsOf(context, view, options).count(filter)
  return { count: await withinDeadline(context, options, 'count', count) }
}

/** @throws MILLRACE_INPUT_INVALID past `limits.resultPoints` */
export function checkResultPoints(context: ServiceContext, points: number): void {
  const { resultPoints } = context.limits
  if (points <= resultPoints) return
  throw new EngineError('MILLRACE_INPUT_INVALID', {
    reason: `${points} points asked for, over the limit of ${resultPoints} (limits.resultPoints); page through them`
  })
}

/** A part of the API that this version does not have must not be ignored: the answer would be wrong. */
export function refuseLater(value: unknown, option: string): void {
  if (value === undefined || value === null) return
  throw new EngineError('MILLRACE_OPTION_UNSUPPORTED', { option, remedy: 'leave it out' })
}
