/** Operations that read points, by id and in id order. */
import {
  countPointsSchema,
  retrievePointsSchema,
  scrollPointsSchema
} from '../../domain/schemas/index.ts'
import {
  countPoints,
  getPoint,
  parseJson,
  retrievePoints,
  scrollPoints
} from '../../service/index.ts'
import { collectionOf, type Operation, rendered, succeeded } from './operation.ts'
import { readOptions } from './parameters.ts'

const tags = ['points']

export const pointReadOperations: readonly Operation[] = [
  {
    name: 'get_point',
    method: 'GET',
    url: '/collections/:name/points/:id',
    tags,
    summary: 'Get one point',
    run: async ({ context }, call) =>
      rendered(await getPoint(context, collectionOf(call), call.path('id'), readOptions(call)))
  },
  {
    name: 'retrieve',
    method: 'POST',
    url: '/collections/:name/points',
    tags,
    summary: 'Get points by id',
    body: retrievePointsSchema,
    async run({ context }, call) {
      const options = readOptions(call)
      const body = parseJson(call.body, context.limits.jsonDepth)
      return rendered(await retrievePoints(context, collectionOf(call), body, options))
    }
  },
  {
    name: 'scroll',
    method: 'POST',
    url: '/collections/:name/points/scroll',
    tags,
    summary: 'Page through points in id order',
    body: scrollPointsSchema,
    async run({ context }, call) {
      const options = readOptions(call)
      const body = parseJson(call.body, context.limits.jsonDepth)
      return rendered(await scrollPoints(context, collectionOf(call), body, options))
    }
  },
  {
    name: 'count',
    method: 'POST',
    url: '/collections/:name/points/count',
    tags,
    summary: 'Count points',
    body: countPointsSchema,
    async run({ context }, call) {
      const options = readOptions(call)
      const body = parseJson(call.body, context.limits.jsonDepth)
      return succeeded(await countPoints(context, collectionOf(call), body, options))
    }
  }
]
