import type { CollectionView } from '../domain/directory.ts'
import { pointIdFromPath } from '../domain/point-id.ts'
import {
  countPointsSchema,
  parseRequest,
  retrievePointsSchema,
  scrollPointsSchema
} from '../domain/schemas/index.ts'
import {
  bucketOf,
  countPoints as countShards,
  type PointIds,
  parsePointIds,
  renderPoint,
  renderPoints,
  renderScroll
} from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import { pointShape, selectorsOf, shardHandles } from '../query/index.ts'
import type { ReadOptions, ServiceContext } from './context.ts'
import { readPointId } from './points-write.ts'
import { readableCollection } from './read-barrier.ts'

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
  const shard = shardHandles(view)[shardOfPoint(view, ids, 0)]
  const selectors = { withPayload: true, withVector: true, payloadDefault: true }
  const body = shard && renderPoint(shard, ids, pointShape(view, selectors, options.startedAt))
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
  const selectors = selectorsOf(request, false)
  return renderPoints(
    shardHandles(view),
    ids,
    shardOf,
    pointShape(view, selectors, options.startedAt)
  )
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
  refuseLater(request.filter, 'filter')
  refuseLater(request.order_by, 'order_by')
  const limit = request.limit ?? scrollLimitDefault
  checkResultPoints(context, limit)
  const { offset } = request
  const from =
    offset === undefined || offset === null ? null : parsePointIds([String(readPointId(offset))])
  const selectors = selectorsOf(request, true)
  return renderScroll(
    shardHandles(view),
    from,
    limit,
    pointShape(view, selectors, options.startedAt)
  )
}

export async function countPoints(
  context: ServiceContext,
  name: string,
  body: unknown,
  options: ReadOptions
): Promise<{ count: number }> {
  const view = await readableCollection(context, name, options)
  const request = parseRequest(countPointsSchema, body)
  refuseLater(request.filter, 'filter')
  return { count: countShards(shardHandles(view)) }
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
