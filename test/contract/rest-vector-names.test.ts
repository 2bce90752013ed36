import { beforeAll, expect, test } from 'vitest'
import { restServer } from '../support/rest-server.ts'

const rest = restServer()

interface Hit {
  readonly id: number
  readonly score: number
}

const name = '/collections/names'
const call = async (method: string, path: string, body?: unknown) =>
  (await rest.client.call(method, `${name}${path}`, body))['result']
const send = (method: string, path: string, body?: unknown) =>
  rest.client.send(method, `${name}${path}`, body)
const errorOf = (answer: { body: Record<string, unknown> }) =>
  (answer.body['status'] as { error: string }).error
const upsert = (points: readonly unknown[]) => call('PUT', '/points?wait=true', { points })
const vectorOf = async (id: number) =>
  ((await call('GET', `/points/${id}`)) as { vector: unknown }).vector
const query = async (body: object) =>
  ((await call('POST', '/points/query', body)) as { points: Hit[] }).points
const params = async () =>
  ((await call('GET', '')) as { config: { params: Record<string, unknown> } }).config.params

beforeAll(async () => {
  await call('PUT', '', { vectors: { size: 2, distance: 'Dot' }, shard_number: 2 })
  await upsert([1, 2, 3, 4].map((id) => ({ id, vector: [id, 1], payload: { n: id } })))
})

test('a vector is added at runtime, and points have it from then on when they are given it', async () => {
  const added = await call('PUT', '/vectors/text?wait=true', {
    dense: { size: 3, distance: 'Euclid', datatype: 'float16' }
  })
  expect(added).toMatchObject({ status: 'completed' })
  expect(await params()).toMatchObject({
    vectors: {
      '': { size: 2, distance: 'Dot' },
      text: { size: 3, distance: 'Euclid', datatype: 'float16' }
    }
  })
  expect(await vectorOf(1)).toEqual({ '': [1, 1] })
  expect(await query({ query: [0, 0, 0], using: 'text' })).toEqual([])
  await upsert([{ id: 10, vector: { '': [0, 0], text: [3, 4, 0] } }])
  await call('PUT', '/points/vectors?wait=true', {
    points: [{ id: 1, vector: { text: [0.1, 0, 0] } }]
  })
  expect(await vectorOf(1)).toEqual({ '': [1, 1], text: [0.099975586, 0, 0] })
  expect(await query({ query: [0, 0, 0], using: 'text' })).toMatchObject([
    { id: 1, score: 0.099975586 },
    { id: 10, score: 5 }
  ])
  const having = { filter: { must: [{ has_vector: 'text' }] } }
  expect(await call('POST', '/points/count', having)).toEqual({ count: 2 })
})

test('a sparse vector is added at runtime', async () => {
  await call('PUT', '/vectors/words?wait=true', { sparse: { modifier: 'idf' } })
  expect(await params()).toMatchObject({ sparse_vectors: { words: { modifier: 'idf' } } })
  const words = { indices: [7], values: [2] }
  await call('PUT', '/points/vectors?wait=true', { points: [{ id: 2, vector: { words } }] })
  expect(await query({ query: words, using: 'words' })).toMatchObject([{ id: 2 }])
})

test('a sparse vector is added with the datatype of its index, which belongs to what it is', async () => {
  const add = (datatype?: string) =>
    send('PUT', '/vectors/small?wait=true', { sparse: { datatype } })
  expect((await add('uint8')).status).toBe(200)
  expect(await params()).toMatchObject({
    sparse_vectors: { small: { index: { datatype: 'uint8' } } }
  })
  expect((await add('uint8')).status).toBe(200)
  for (const other of ['float16', 'float32', undefined]) expect((await add(other)).status).toBe(400)
  const small = { indices: [7], values: [0.123] }
  await call('PUT', '/points/vectors?wait=true', { points: [{ id: 2, vector: { small } }] })
  expect(await query({ query: small, using: 'small' })).toMatchObject([
    { id: 2, score: 0.015129001 }
  ])
  await call('DELETE', '/vectors/small?wait=true')
})

test('without waiting the change is acknowledged', async () => {
  const added = await call('PUT', '/vectors/later', { dense: { size: 1, distance: 'Dot' } })
  expect(added).toMatchObject({ status: 'acknowledged' })
  expect(await call('DELETE', '/vectors/later')).toMatchObject({ status: 'acknowledged' })
})

test('the same vector again is no change, and another one of its name is refused', async () => {
  const same = { dense: { size: 3, distance: 'Euclid', datatype: 'float16' } }
  expect(await call('PUT', '/vectors/text?wait=true', same)).toMatchObject({ status: 'completed' })
  expect(
    await call('PUT', '/vectors/words?wait=true', { sparse: { modifier: 'idf' } })
  ).toBeTruthy()
  const refusals: [string, unknown, string][] = [
    [
      'text',
      { dense: { size: 4, distance: 'Euclid', datatype: 'float16' } },
      'Vector `text` already exists with a different configuration'
    ],
    [
      'text',
      { dense: { size: 3, distance: 'Dot', datatype: 'float16' } },
      'Vector `text` already exists with a different configuration'
    ],
    [
      'text',
      { dense: { size: 3, distance: 'Euclid' } },
      'Vector `text` already exists with a different configuration'
    ],
    [
      'words',
      { sparse: {} },
      'Sparse vector `words` already exists with a different configuration'
    ],
    [
      'words',
      { dense: { size: 3, distance: 'Dot' } },
      'Vector `words` already exists as a sparse vector'
    ],
    ['text', { sparse: {} }, 'Sparse vector `text` already exists as a dense vector']
  ]
  for (const [vector, body, message] of refusals) {
    const answer = await send('PUT', `/vectors/${vector}?wait=true`, body)
    expect([answer.status, errorOf(answer)]).toEqual([400, `Wrong input: ${message}`])
  }
})

test('settings that can change are told by PATCH', async () => {
  await call('PATCH', '', { vectors: { text: { hnsw_config: { m: 8 } } } })
  expect(await params()).toMatchObject({ vectors: { text: { hnsw_config: { m: 8 } } } })
  // And are no part of what makes two vectors the same.
  const same = { dense: { size: 3, distance: 'Euclid', datatype: 'float16' } }
  expect(await call('PUT', '/vectors/text?wait=true', same)).toMatchObject({ status: 'completed' })
})

test('a vector that is taken away is gone from points, from queries and from the collection', async () => {
  expect(await call('DELETE', '/vectors/text?wait=true')).toMatchObject({ status: 'completed' })
  expect(await vectorOf(10)).toEqual({ '': [0, 0] })
  const asked = await send('POST', '/points/query', { query: [0, 0, 0], using: 'text' })
  expect([asked.status, errorOf(asked)]).toEqual([
    400,
    'Wrong input: Not existing vector name error: text'
  ])
  const written = await send('PUT', '/points?wait=true', {
    points: [{ id: 1, vector: { text: [1, 2, 3] } }]
  })
  expect([written.status, errorOf(written)]).toEqual([
    400,
    'Wrong input: Not existing vector name error: text'
  ])
  expect((await params())['vectors']).toEqual({ '': { size: 2, distance: 'Dot' } })
  // It is no error to ask for it again.
  expect(await call('DELETE', '/vectors/text?wait=true')).toMatchObject({ status: 'completed' })
})

test('a vector of the same name that comes again has nothing of the one before', async () => {
  const shape = { dense: { size: 3, distance: 'Euclid', datatype: 'float16' } }
  await call('PUT', '/vectors/text?wait=true', shape)
  expect(await vectorOf(10)).toEqual({ '': [0, 0] })
  expect(await query({ query: [0, 0, 0], using: 'text' })).toEqual([])
  await call('DELETE', '/vectors/text?wait=true')
})

test('every vector may be taken away, and points stay', async () => {
  const one = '/collections/emptied'
  const send = async (method: string, path: string, body?: unknown) =>
    (await rest.client.call(method, `${one}${path}`, body))['result']
  await send('PUT', '', { vectors: { a: { size: 1, distance: 'Dot' } }, sparse_vectors: { s: {} } })
  await send('PUT', '/points?wait=true', { points: [{ id: 1, vector: { a: [1] } }] })
  await send('DELETE', '/vectors/a?wait=true')
  await send('DELETE', '/vectors/s?wait=true')
  const { config } = (await send('GET', '')) as {
    config: { params: { vectors: unknown; sparse_vectors?: unknown } }
  }
  expect(config.params.vectors).toEqual({})
  expect(config.params.sparse_vectors).toBeUndefined()
  expect(await send('GET', '/points/1')).toMatchObject({ id: 1, vector: {} })
  await send('PUT', '/vectors/b?wait=true', { dense: { size: 2, distance: 'Cosine' } })
  await send('PUT', '/points?wait=true', { points: [{ id: 2, vector: { b: [3, 4] } }] })
  expect(await send('POST', '/points/query', { query: [3, 4], using: 'b' })).toMatchObject({
    points: [{ id: 2 }]
  })
})

test.each([
  ['x', {}, 400, 'Format error in JSON body: '],
  ['x', { dense: { size: 3 } }, 400, 'Format error in JSON body: '],
  ['x', { dense: { size: 70_000, distance: 'Dot' } }, 422, 'must be from 1 to 65536'],
  ['x', { dense: { size: 3, distance: 'Dot', datatype: 'turbo4' } }, 400, 'not supported'],
  ['x', { sparse: { datatype: 'turbo4' } }, 422, 'do not support turbo4'],
  ['a%3Ab', { dense: { size: 3, distance: 'Dot' } }, 400, 'Invalid dense vector name `a:b`'],
  ['a%3Ab', { sparse: {} }, 400, 'Invalid sparse vector name `a:b`']
])('adding %s as %j is refused', async (vector, body, status, message) => {
  const answer = await send('PUT', `/vectors/${vector}?wait=true`, body)
  expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(message)])
})

test('vectors of a collection that does not exist are neither added nor taken away', async () => {
  const path = '/collections/none/vectors/x'
  const dense = { size: 3, distance: 'Dot' }
  expect((await rest.client.send('PUT', path, { dense })).status).toBe(404)
  expect((await rest.client.send('DELETE', path)).status).toBe(404)
})

test('writes that know a vector of before are encoded anew while vectors come and go', async () => {
  const one = '/collections/changing'
  await rest.client.call('PUT', one, { vectors: { a: { size: 2, distance: 'Dot' } } })
  let isDone = false
  let writes = 0
  const writer = async () => {
    for (let id = 0; !isDone; id++) {
      const points = [{ id: id % 50, vector: { a: [id, 1] } }]
      const answer = await rest.client.send('PUT', `${one}/points?wait=true`, { points })
      expect(answer.status).toBe(200)
      writes++
    }
  }
  /** Of a vector that comes and goes: it is there, or it is not known. */
  const seeker = async () => {
    for (let id = 0; !isDone; id++) {
      const vector = { [`b${id % 2}`]: [id, 1] }
      const points = [{ id: 200 + (id % 20), vector }]
      const asBatch = { operations: [{ upsert: { points } }] }
      const answer =
        id % 3 === 0
          ? await rest.client.send('POST', `${one}/points/batch?wait=true`, asBatch)
          : await rest.client.send('PUT', `${one}/points?wait=true`, { points })
      if (answer.status !== 200) {
        expect(errorOf(answer)).toMatch(/^Wrong input: Not existing vector name error: b\d$/)
      }
    }
  }
  const writers = [writer(), writer(), seeker()]
  for (let round = 0; round < 15; round++) {
    const path = `${one}/vectors/b${round % 2}`
    await rest.client.call('PUT', `${path}?wait=true`, { dense: { size: 2, distance: 'Dot' } })
    const points = [{ id: 100 + round, vector: { [`b${round % 2}`]: [1, 2] } }]
    await rest.client.call('PUT', `${one}/points?wait=true`, { points })
    await rest.client.call('DELETE', `${path}?wait=true`)
  }
  isDone = true
  await Promise.all(writers)
  expect(writes).toBeGreaterThan(0)
})
