/** One contract for both transports: every operation there is, asked over REST and over NATS in both formats. */
import { beforeAll, expect, test } from 'vitest'
import { operations } from '../../src/api/operations/index.ts'
import { natsService } from '../support/nats-service.ts'
import { collection as name, type SameRequest, sameRequests } from '../support/same-requests.ts'

const service = natsService()

interface Outcome {
  readonly status: number
  readonly body: unknown
}

type Send = (request: SameRequest) => Promise<Outcome>

const overRest: Send = async ({ operation, collection = name, path, parameters, body }) => {
  const known = operations.find((one) => one.name === operation)
  const url = (known?.url ?? '').replace(/:(\w+)/g, (_whole, parameter: string) =>
    encodeURIComponent(parameter === 'name' ? collection : (path?.[parameter] ?? ''))
  )
  const query = new URLSearchParams(parameters).toString()
  const answer = await service.rest.send(known?.method ?? '', `${url}?${query}`, body)
  return { status: answer.status, body: answer.body }
}

const overNats =
  (format: 'json' | 'messagePack'): Send =>
  async ({ operation, collection = name, path, parameters, body }) => {
    // A text is JSON as it stands, and no MessagePack.
    const own = typeof body === 'string' ? 'json' : format
    const { status, body: answered } = await service.ask(operation, {
      collection,
      parameters: { ...parameters, ...path },
      format: own,
      ...(body !== undefined && { body })
    })
    return { status, body: typeof answered === 'string' ? { text: answered } : answered }
  }

const ways = { rest: overRest, json: overNats('json'), messagePack: overNats('messagePack') }
const outcomes: Record<string, Outcome[]> = {}

beforeAll(async () => {
  for (const [way, send] of Object.entries(ways)) {
    const list: Outcome[] = []
    // In order: each finds what those before have left.
    for (const request of sameRequests) list.push(await send(request))
    outcomes[way] = list
  }
}, 120_000)

test('every operation of the table is asked for here', () => {
  const asked = new Set(sameRequests.map(({ operation }) => operation))
  expect(operations.map((operation) => operation.name).filter((one) => !asked.has(one))).toEqual([])
})

test('every operation has a name and a route of its own', () => {
  const names = operations.map((operation) => operation.name)
  const routes = operations.map(({ method, url }) => `${method} ${url}`)
  expect(new Set(names).size).toBe(names.length)
  expect(new Set(routes).size).toBe(routes.length)
  for (const one of names) expect(one).toMatch(/^[a-z_]+$/)
})

test('every route of REST is an operation, but for the document that describes them', async () => {
  const document = (await service.rest.call('GET', '/openapi.json')) as {
    paths: Record<string, Record<string, unknown>>
  }
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
  )
  const known = operations.map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`)
  expect(described.sort()).toEqual(known.sort())
})

const titleOf = ({ operation, collection, body, parameters, path }: SameRequest) =>
  `${operation} ${JSON.stringify({ collection, path, parameters, body })}`.slice(0, 150)

const cases = sameRequests.map((request, index) => ({ title: titleOf(request), request, index }))

test.each(cases)('NATS answers as REST does: $title', ({ request, index }) => {
  const shown = (way: keyof typeof ways) => {
    const { status, body } = outcomes[way]?.[index] ?? { status: 0, body: undefined }
    return { status, body: request.isVolatile ? shapeOf(body) : tidy(body) }
  }
  expect(shown('json')).toEqual(shown('rest'))
  expect(shown('messagePack')).toEqual(shown('rest'))
})

test('what went well went well, and what went wrong was many a thing', () => {
  const statuses = new Set(outcomes['rest']?.map(({ status }) => status))
  for (const status of [200, 400, 404, 405, 409, 422]) expect(statuses).toContain(status)
})

/** Takes out how long it took. */
function tidy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidy)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'time')
      .map(([key, inner]) => [key, tidy(inner)])
  )
}

/** Types in the place of values; of a page of text that it is one. Counters by route differ from one moment to the next. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value !== 'object' || value === null) return value === null ? null : typeof value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, key === 'requests' ? {} : shapeOf(inner)])
  )
}
