import { beforeAll, expect, test } from 'vitest'
import { restServer } from '../support/rest-server.ts'

const rest = restServer()

interface Sparse {
  readonly indices: readonly number[]
  readonly values: readonly number[]
}
interface Hit {
  readonly id: number
  readonly score: number
}

const name = '/collections/sparse'
const call = async (method: string, path: string, body?: unknown) =>
  (await rest.client.call(method, `${name}${path}`, body))['result']
const errorOf = (answer: { body: Record<string, unknown> }) =>
  (answer.body['status'] as { error: string }).error
const upsert = (points: readonly unknown[]) => call('PUT', '/points?wait=true', { points })
const query = async (body: object) =>
  ((await call('POST', '/points/query', { using: 'text', ...body })) as { points: Hit[] }).points
const vectorsOf = async (...ids: number[]) =>
  ((await call('POST', '/points', { ids, with_vector: true })) as { vector: unknown }[]).map(
    ({ vector }) => vector
  )

const first: Sparse = { indices: [7, 2, 4294967295], values: [0.5, -1, 2] }
const sorted: Sparse = { indices: [2, 7, 4294967295], values: [-1, 0.5, 2] }
const empty: Sparse = { indices: [], values: [] }

beforeAll(async () => {
  await call('PUT', '', {
    vectors: { size: 2, distance: 'Dot' },
    sparse_vectors: {
      text: { index: { full_scan_threshold: 100, on_disk: true } },
      rare: { modifier: 'idf' }
    },
    shard_number: 2
  })
  await upsert([
    { id: 1, vector: { '': [1, 2], text: first }, payload: { n: 1 } },
    { id: 2, vector: { text: { indices: [7, 9], values: [1, 0] } }, payload: { n: 2 } },
    { id: 3, vector: { text: empty }, payload: { n: 3 } },
    { id: 4, vector: { '': [3, 4] } },
    { id: 5 }
  ])
})

test('collection info shows what was set of sparse vectors', async () => {
  const { config } = (await call('GET', '')) as {
    config: { params: { sparse_vectors: unknown } }
  }
  expect(config.params.sparse_vectors).toEqual({
    text: { index: { full_scan_threshold: 100, on_disk: true } },
    rare: { modifier: 'idf' }
  })
})

test('sparse vectors come back sorted by index, and an empty one is a vector', async () => {
  expect(await vectorsOf(1, 2, 3, 4, 5)).toEqual([
    { '': [1, 2], text: sorted },
    { text: { indices: [7, 9], values: [1, 0] } },
    { text: empty },
    { '': [3, 4] },
    {}
  ])
  const page = (await call('POST', '/points/scroll', {
    with_vector: ['text'],
    filter: { must: [{ has_vector: 'text' }] }
  })) as { points: { id: number; vector: unknown }[] }
  expect(page.points.map(({ id }) => id)).toEqual([1, 2, 3])
  expect(page.points[0]?.vector).toEqual({ text: sorted })
})

test('the batch form and operations in a batch take sparse vectors', async () => {
  await call('PUT', '/points?wait=true', {
    batch: {
      ids: [20, 21],
      vectors: {
        text: [first, empty],
        '': [
          [1, 1],
          [2, 2]
        ]
      },
      payloads: [null, { n: 0 }]
    }
  })
  await call('POST', '/points/batch?wait=true', {
    operations: [
      { upsert: { points: [{ id: 22, vector: { text: first } }] } },
      { update_vectors: { points: [{ id: 21, vector: { text: first } }] } },
      { delete_vectors: { points: [20], vector: ['text'] } }
    ]
  })
  expect(await vectorsOf(20, 21, 22)).toEqual([
    { '': [1, 1] },
    { '': [2, 2], text: sorted },
    { text: sorted }
  ])
  await call('POST', '/points/delete?wait=true', { points: [20, 21, 22] })
})

test('vectors are replaced and taken away one by one, with everything else kept', async () => {
  await upsert([{ id: 10, vector: { '': [1, 1], text: first, rare: first }, payload: { a: 1 } }])
  const changed = { indices: [1], values: [3] }
  await call('PUT', '/points/vectors?wait=true', {
    points: [{ id: 10, vector: { text: changed } }]
  })
  expect(await vectorsOf(10)).toEqual([{ '': [1, 1], text: changed, rare: sorted }])
  expect((await query({ query: changed, limit: 1 }))[0]).toMatchObject({ id: 10, score: 9 })
  await call('POST', '/points/payload?wait=true', { points: [10], payload: { b: 2 } })
  await call('POST', '/points/vectors/delete?wait=true', { points: [10], vector: ['rare'] })
  expect(await vectorsOf(10)).toEqual([{ '': [1, 1], text: changed }])
  expect((await query({ query: first, filter: { must: [{ has_id: [10] }] } })).length).toBe(0)
  await call('POST', '/points/delete?wait=true', { points: [10] })
  expect(await query({ query: changed })).toEqual([])
})

test('only points that share an index with the query are hits, best first', async () => {
  const both = { indices: [9, 7], values: [1, 2] }
  expect(await query({ query: both })).toMatchObject([
    { id: 2, score: 2 },
    { id: 1, score: 1 }
  ])
  expect(await query({ query: { nearest: both }, limit: 1, offset: 1 })).toMatchObject([{ id: 1 }])
  expect(await query({ query: both, score_threshold: 1 })).toMatchObject([{ id: 2 }])
  expect(await query({ query: both, params: { exact: true } })).toHaveLength(2)
  expect(await query({ query: empty })).toEqual([])
  // A sum of 0 is no match, one below 0 is.
  expect(await query({ query: { indices: [9], values: [1] } })).toEqual([])
  expect(await query({ query: { indices: [2], values: [1] } })).toMatchObject([
    { id: 1, score: -1 }
  ])
  const filter = { must: [{ key: 'n', range: { lt: 2 } }] }
  expect(await query({ query: both, filter })).toMatchObject([{ id: 1, score: 1 }])
})

test('a point that is asked about lends its sparse vector and is no answer itself', async () => {
  expect(await query({ query: 1 })).toMatchObject([{ id: 2, score: 0.5 }])
  const missing = await rest.client.send('POST', `${name}/points/query`, {
    query: 4,
    using: 'text'
  })
  expect([missing.status, errorOf(missing)]).toEqual([
    404,
    'Not found: Vector with name "text" for point not found'
  ])
})

test('the older form names its sparse vector', async () => {
  const vector = { name: 'text', vector: { indices: [7], values: [1] } }
  expect(await call('POST', '/points/search', { vector, limit: 5 })).toMatchObject([
    { id: 2, score: 1 },
    { id: 1, score: 0.5 }
  ])
})

test('idf weighs a query by how rare its indices are among the vectors of a shard', async () => {
  const one = '/collections/sparse-idf'
  await rest.client.call('PUT', one, { sparse_vectors: { text: { modifier: 'idf' } } })
  const of = (...indices: number[]) => ({ text: { indices, values: indices.map(() => 1) } })
  const points = [of(1, 2), of(1), of(1), of(3)].map((vector, id) => ({ id, vector }))
  await rest.client.call('PUT', `${one}/points?wait=true`, { points })
  const asked = async (body: object) => {
    const answer = await rest.client.call('POST', `${one}/points/query`, { using: 'text', ...body })
    return (answer['result'] as { points: Hit[] }).points
  }
  const idf = (n: number, all: number) => Math.log((all - n + 0.5) / (n + 0.5) + 1)
  const both = { query: { indices: [1, 2], values: [1, 2] } }
  const hits = await asked(both)
  expect(hits.map(({ id }) => id)).toEqual([0, 2, 1])
  // Three roundings to f32.
  expect(hits[0]?.score).toBeCloseTo(idf(3, 4) + 2 * idf(1, 4), 5)
  expect(hits[1]?.score).toBeCloseTo(idf(3, 4), 5)
  expect(await asked({ ...both, params: { idf: 'global' } })).toEqual(hits)
  // Vectors that are gone do not count, and neither does the filter.
  await rest.client.call('POST', `${one}/points/delete?wait=true`, { points: [1, 2] })
  const filter = { must: [{ has_id: [0] }] }
  expect((await asked({ ...both, filter }))[0]?.score).toBeCloseTo(3 * idf(1, 2), 5)
  // The modifier can be changed: it concerns queries only.
  await rest.client.call('PATCH', one, { sparse_vectors: { text: { modifier: 'none' } } })
  expect((await asked(both))[0]?.score).toBe(3)
})

const upsertOf = (vector: unknown) => ({ points: [{ id: 1, vector }] })
const lengths = { indices: [1, 2], values: [1] }
const repeated = { indices: [1, 1], values: [1, 2] }
const mismatch = 'Wrong input: Conversion between sparse and regular vectors failed'

test.each([
  [
    upsertOf({ text: lengths }),
    422,
    'Validation error in JSON body: [points[0].vector.?.values: Validation error: must be the same length as indices [{}]]'
  ],
  [
    upsertOf({ text: repeated }),
    422,
    'Validation error in JSON body: [points[0].vector.?.indices: Validation error: must be unique [{}]]'
  ],
  [
    { batch: { ids: [1], vectors: { text: [repeated] } } },
    422,
    '.indices: Validation error: must be unique [{}]'
  ],
  [upsertOf({ text: { indices: [-1], values: [1] } }), 400, 'Format error in JSON body: '],
  [upsertOf({ text: { indices: [2 ** 32], values: [1] } }), 400, 'Format error in JSON body: '],
  [upsertOf({ text: { indices: [1.5], values: [1] } }), 400, 'Format error in JSON body: '],
  [upsertOf({ text: { indices: ['1'], values: [1] } }), 400, 'Format error in JSON body: '],
  [upsertOf({ text: { indices: [1] } }), 400, 'Format error in JSON body: '],
  [upsertOf({ text: { indices: [1], values: [1e39] } }), 400, 'Format error in JSON body: '],
  [upsertOf({ text: null }), 400, 'Format error in JSON body: '],
  [upsertOf({ text: [1, 2] }), 400, mismatch],
  [upsertOf({ '': first }), 400, mismatch],
  [upsertOf({ nope: first }), 400, 'Wrong input: Not existing vector name error: nope'],
  [{ batch: { ids: [1], vectors: { text: [[1, 2]] } } }, 400, mismatch]
])('upsert of %j is refused', async (body, status, message) => {
  const answer = await rest.client.send('PUT', `${name}/points?wait=true`, body)
  expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(message)])
})

test.each([
  ['{"points":[{"id":1,"vector":{"text":{"indices":[1.0],"values":[1]}}}]}', 'an index of 32 bits'],
  ['{"points":[{"id":1,"vector":{"text":{"indices":[1e2],"values":[1]}}}]}', 'an index of 32 bits'],
  [
    '{"points":[{"id":1,"vector":{"text":{"indices":[1],"indices":[2],"values":[1]}}}]}',
    'duplicate field `indices`'
  ],
  [
    '{"batch":{"ids":[1],"vectors":{"text":[{"values":[1],"values":[2],"indices":[1]}]}}}',
    'duplicate field `values`'
  ]
])('upsert of %s is refused as it is spelled', async (body, message) => {
  const answer = await fetch(`${rest.url}${name}/points?wait=true`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body
  })
  const { status } = (await answer.json()) as { status: { error: string } }
  expect([answer.status, status.error]).toEqual([400, expect.stringContaining(message)])
})

test('other members of a sparse vector mean nothing', async () => {
  await upsert([{ id: 30, vector: { text: { ...first, later: { deep: [1] } } } }])
  expect(await vectorsOf(30)).toEqual([{ text: sorted }])
  await call('POST', '/points/delete?wait=true', { points: [30] })
})

test.each([
  [
    { query: lengths, using: 'text' },
    422,
    'internal.query.values: Validation error: must be the same length as indices [{}]'
  ],
  [
    { query: { nearest: repeated }, using: 'text' },
    422,
    'internal.query.nearest.indices: Validation error: must be unique [{}]'
  ],
  [{ query: { indices: [-1], values: [1] }, using: 'text' }, 400, 'Format error in JSON body: '],
  [{ query: { indices: [1] }, using: 'text' }, 400, 'Format error in JSON body: '],
  [{ query: first, using: 'nope' }, 400, 'Wrong input: Not existing vector name error: nope'],
  [{ query: first }, 400, mismatch],
  [{ query: [1, 2], using: 'text' }, 400, mismatch],
  [{ query: first, using: 'text', params: { idf: 'global' } }, 400, 'idf'],
  [{ query: [1, 2], params: { idf: 'global' } }, 400, 'idf'],
  [{ query: first, using: 'rare', params: { idf: { corpus: {} } } }, 400, 'not supported']
])('query %j is refused', async (body, status, message) => {
  const answer = await rest.client.send('POST', `${name}/points/query`, body)
  expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(message)])
})

const create = (sparse: unknown, vectors?: unknown) => ({ sparse_vectors: sparse, vectors })

test.each([
  [create({ '': {} }), 400, 'Wrong input: Sparse vector name cannot be empty'],
  [create({ 'a/b': {} }), 400, 'Wrong input: Invalid sparse vector name `a/b`'],
  [
    create({ a: {} }, { a: { size: 2, distance: 'Dot' } }),
    400,
    "Wrong input: Dense and sparse vector names must be unique - duplicate found with 'a'"
  ],
  [create({ a: { index: { datatype: 'turbo4' } } }), 422, 'sparse vectors do not support'],
  [create({ a: { modifier: 'bm25' } }), 400, 'Format error in JSON body: '],
  [create({ a: { index: { memory: 'warm' } } }), 400, 'Format error in JSON body: ']
])('creating %j is refused', async (body, status, message) => {
  const answer = await rest.client.send('PUT', '/collections/refused', body)
  expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(message)])
})

test('a patch is merged into the sparse vectors that there are', async () => {
  const patch = (body: object) => rest.client.send('PATCH', name, { sparse_vectors: body })
  expect((await patch({ nope: {} })).status).toBe(400)
  await patch({ text: { index: { on_disk: false, memory: 'cached' } } })
  const { config } = (await call('GET', '')) as {
    config: { params: { sparse_vectors: unknown } }
  }
  expect(config.params.sparse_vectors).toEqual({
    text: { index: { full_scan_threshold: 100, on_disk: false, memory: 'cached' } },
    rare: { modifier: 'idf' }
  })
})
