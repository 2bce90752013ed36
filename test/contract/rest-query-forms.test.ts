/** Queries by point id, without a query, and several at once. */
import { beforeAll, expect, test } from 'vitest'
import { restServer } from '../support/rest-server.ts'

const rest = restServer('--limits.resultPoints', '1000')
const uuid = '5c56c793-69f3-4fbf-87e6-c4bf54c28c26'
const large = '18446744073709551615'
type Body = Record<string, unknown>
type Hit = { id: number | string; score: number; version: number; payload?: unknown }
const errorOf = (answer: { body: Body }) => (answer.body['status'] as { error: string }).error

const points = '/collections/c/points'

async function query(body: unknown, path = points): Promise<Hit[]> {
  const answer = await rest.client.call('POST', `${path}/query`, body)
  return (answer['result'] as { points: Hit[] }).points
}
const idsOf = (hits: readonly Hit[]) => hits.map(({ id }) => id)

beforeAll(async () => {
  await rest.client.call('PUT', '/collections/c', {
    vectors: { size: 2, distance: 'Euclid' },
    shard_number: 3
  })
  const list = [0, 1, 2, 3, 4, 5, 6, 7].map(
    (id) => `{"id":${id},"vector":[${id},0],"payload":{"half":${Math.floor(id / 2)}}}`
  )
  await rest.client.call(
    'PUT',
    `${points}?wait=true`,
    `{"points":[${list.join()},{"id":"${uuid}","vector":[20,0]},{"id":${large},"vector":[30,0]},{"id":9}]}`
  )
  await rest.client.call('PUT', '/collections/n', {
    vectors: { a: { size: 2, distance: 'Cosine' }, b: { size: 2, distance: 'Dot' } }
  })
  await rest.client.call('PUT', '/collections/n/points?wait=true', {
    points: [
      { id: 1, vector: { a: [3, 4], b: [1, 0] } },
      { id: 2, vector: { a: [4, 3], b: [2, 0] } },
      { id: 3, vector: { b: [3, 0] } }
    ]
  })
})

test('a query by id is one by its vector, and the point itself is no hit', async () => {
  for (const input of [3, { nearest: 3 }]) {
    const hits = await query({ query: input, limit: 4 })
    expect(hits.slice(0, 2).map(({ score }) => score)).toEqual([1, 1])
    expect(new Set(idsOf(hits))).toEqual(new Set([2, 4, 1, 5]))
  }
  const near = await query({ query: uuid, limit: 2 })
  expect(near[0]?.score).toBe(10)
  expect((await query({ query: uuid.toUpperCase(), limit: 1 }))[0]?.score).toBe(10)
  const fromLarge = await rest.client.call(
    'POST',
    `${points}/query`,
    `{"query":${large},"limit":1}`
  )
  expect(fromLarge['result']).toMatchObject({ points: [{ id: uuid, score: 10 }] })
})

test('a query by id keeps the filter of the request', async () => {
  const hits = await query({
    query: 3,
    filter: { must: { key: 'half', match: { any: [1, 2] } }, must_not: { has_id: [5] } }
  })
  expect(new Set(idsOf(hits))).toEqual(new Set([2, 4]))
})

test('a query by id uses the vector of that name', async () => {
  const path = '/collections/n/points'
  expect(await query({ query: 1, using: 'a' }, path)).toMatchObject([
    { id: 2, score: expect.closeTo(0.96, 6) }
  ])
  expect(idsOf(await query({ query: { nearest: 1 }, using: 'b' }, path))).toEqual([3, 2])
})

test.each([
  ['c', { query: 99 }, 404, 'Not found: No point with id 99 found'],
  ['c', { query: 9 }, 404, 'Not found: Vector with name "" for point not found'],
  ['n', { query: 3, using: 'a' }, 404, 'Not found: Vector with name "a" for point not found'],
  ['n', { query: 3, using: 'x' }, 400, 'Wrong input: Not existing vector name error: x'],
  ['c', { query: 'nope' }, 400, 'Expected some form of vector, id, or a type of query'],
  ['c', { query: -1 }, 400, 'Format error in JSON body: '],
  ['c', { query: { unknown: 1 } }, 400, 'Format error in JSON body: '],
  ['c', { query: { sample: 'random' } }, 400, 'query kind `sample` is not supported'],
  ['c', { query: [1, 1], params: { idf: 'global' } }, 400, 'params.idf'],
  [
    'c',
    { score_threshold: 1 },
    400,
    "Bad request: A query is needed to use the score_threshold. Can't have score_threshold without defining a query."
  ],
  ['c', { limit: 0 }, 422, 'internal.limit: value 0 invalid, must be 1 or larger'],
  ['c', { limit: 900, offset: 200 }, 400, 'limits.resultPoints']
])('in %s the query %j is refused with %i', async (collection, body, status, text) => {
  const answer = await rest.client.send('POST', `/collections/${collection}/points/query`, body)
  expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(text)])
})

test('without a query the points come in id order, with score 1 and version 0', async () => {
  const all = await rest.client.send('POST', `${points}/query`, { limit: 50 })
  const hits = (all.body['result'] as { points: Hit[] }).points
  expect(idsOf(hits)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 9, Number(large), uuid])
  expect(hits.every(({ score, version }) => score === 1 && version === 0)).toBe(true)
  expect(await query({ limit: 2, offset: 3, with_payload: ['half'], with_vector: true })).toEqual([
    { id: 3, version: 0, score: 1, payload: { half: 1 }, vector: [3, 0] },
    { id: 4, version: 0, score: 1, payload: { half: 2 }, vector: [4, 0] }
  ])
  expect(await query({ offset: 20 })).toEqual([])
  expect(idsOf(await query({ filter: { must: { key: 'half', range: { gte: 3 } } } }))).toEqual([
    6, 7
  ])
})

test('queries at once are answered in order, each as it would be alone', async () => {
  const searches = [
    { query: [3, 0], limit: 2, with_payload: true },
    { query: 5, limit: 3 },
    { limit: 2, offset: 1 },
    ...Array.from({ length: 30 }, (_, at) => ({ query: [at % 8, 0], limit: 1, with_vector: true }))
  ]
  const answer = await rest.client.send('POST', `${points}/query/batch`, { searches })
  expect(answer).toMatchObject({ status: 200, body: { status: 'ok', time: expect.any(Number) } })
  const alone = await Promise.all(searches.map(async (body) => ({ points: await query(body) })))
  expect(answer.body['result']).toEqual(alone)
  const none = await rest.client.call('POST', `${points}/query/batch`, { searches: [] })
  expect(none['result']).toEqual([])
})

test('older searches at once give bare lists', async () => {
  const searches = [
    { vector: [3, 0], limit: 2 },
    { vector: [7, 0], limit: 1, filter: { must_not: { has_id: [7] } } }
  ]
  const answer = await rest.client.call('POST', `${points}/search/batch`, { searches })
  expect(answer['result']).toMatchObject([[{ id: 3 }, { score: 1 }], [{ id: 6 }]])
})

test.each([
  ['query', [{ query: [1, 1], limit: 0 }], 422, '[searches[1].internal.limit: value 0 invalid'],
  ['query', [{ query: 99 }], 404, 'No point with id 99 found'],
  [
    'query',
    [{ query: [1, 1], filter: { must: [{ key: 'a' }] } }],
    422,
    '[searches[1].internal.filter.must[0]: At least one'
  ],
  ['search', [{ vector: [1, 1], limit: 0 }], 422, '[searches[1].limit: value 0 invalid'],
  ['search', [{ vector: [1, 1] }], 400, 'missing field `limit`'],
  ['query', [7], 400, 'Format error in JSON body: ']
])('one wrong %s fails the whole batch: %j', async (kind, wrong, status, text) => {
  const right = kind === 'query' ? { query: [1, 1] } : { vector: [1, 1], limit: 1 }
  const answer = await rest.client.send('POST', `${points}/${kind}/batch`, {
    searches: [right, ...wrong]
  })
  expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(text)])
})
