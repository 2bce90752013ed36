import { pointIdFromPath } from '../domain/point-id.ts'
import {
  countPointsSchema,
  parseRequest,
  retrievePointsSchema,
  scrollPointsSchema
} from '../domain/schemas/index.ts'
import {
  countPoints as countShards,
  renderPoint,
  renderRetrieved,
  renderScroll
} from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import { selectorOf } from '../query/index.ts'
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
  const body = renderPoint({
    shards: view.shards.map(({ key }) => key),
    shardOfBucket: view.shardOfBucket,
    id,
    ...selectorOf(view, true, true, true),
    startedAt: options.startedAt
  })
  if (body === undefined) throw new EngineError('MILLRACE_POINT_NOT_FOUND', { id })
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
  return renderRetrieved({
    shards: view.shards.map(({ key }) => key),
    shardOfBucket: view.shardOfBucket,
    ids: [...new Set(request.ids.map(readPointId))],
    ...selectorOf(view, request.with_payload, request.with_vector ?? request.with_vectors, false),
    startedAt: options.startedAt
  })
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
  return renderScroll({
    shards: view.shards.map(({ key }) => key),
    from:
      request.offset === undefined || request.offset === null
        ? undefined
        : readPointId(request.offset),
    limit,
    ...selectorOf(view, request.with_payload, request.with_vector ?? request.with_vectors, true),
    startedAt: options.startedAt
  })
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
  return { count: countShards(view.shards.map(({ key }) => key)) }
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
