import { beforeAll, expect, test } from 'vitest'
import { restServer } from '../support/rest-server.ts'

const rest = restServer()

interface Hit {
  readonly id: number
  readonly score: number
}

const name = '/collections/datatypes'
const call = async (method: string, path: string, body?: unknown) =>
  (await rest.client.call(method, `${name}${path}`, body))['result']
const upsert = (points: readonly unknown[]) => call('PUT', '/points?wait=true', { points })
const vectorOf = async (id: number) =>
  ((await call('GET', `/points/${id}`)) as { vector: Readonly<Record<string, number[]>> }).vector
const query = async (using: string, vector: unknown, more: object = {}) =>
  ((await call('POST', '/points/query', { query: vector, using, ...more })) as { points: Hit[] })
    .points

const vectors = {
  'half-dot': { size: 3, distance: 'Dot', datatype: 'float16' },
  'half-cosine': { size: 2, distance: 'Cosine', datatype: 'float16' },
  'byte-cosine': { size: 4, distance: 'Cosine', datatype: 'uint8' },
  'byte-euclid': { size: 2, distance: 'Euclid', datatype: 'uint8' },
  'byte-manhattan': { size: 2, distance: 'Manhattan', datatype: 'uint8' },
  plain: { size: 2, distance: 'Dot', datatype: 'float32' },
  unsaid: { size: 2, distance: 'Dot' }
}

beforeAll(async () => {
  await call('PUT', '', { vectors, shard_number: 2 })
})

test('collection info shows the datatypes that were set, and no others', async () => {
  const { config } = (await call('GET', '')) as { config: { params: { vectors: unknown } } }
  expect(config.params.vectors).toEqual(vectors)
})

test('a uint8 vector is truncated toward zero, ends at 0 and 255, and reads back so', async () => {
  await upsert([
    { id: 1, vector: { 'byte-cosine': [256.19, 1.81, 2.75, 3.11] } },
    { id: 2, vector: { 'byte-cosine': [-3.2, 300, 0.99, -0.5], 'byte-euclid': [1e38, -1e38] } }
  ])
  expect(await vectorOf(1)).toEqual({ 'byte-cosine': [255, 1, 2, 3] })
  expect(await vectorOf(2)).toEqual({ 'byte-cosine': [0, 255, 0, 0], 'byte-euclid': [255, 0] })
})

test('a float16 vector is rounded to half a float, ends at 65504, and reads back so', async () => {
  await upsert([{ id: 3, vector: { 'half-dot': [0.1, 2049, -1e6], 'half-cosine': [3, 4] } }])
  expect(await vectorOf(3)).toEqual({
    'half-dot': [0.099975586, 2048, -65504],
    // Of unit length first, then rounded.
    'half-cosine': [0.60009766, 0.7998047]
  })
})

test('distances of uint8 vectors are those of whole numbers, also of the query', async () => {
  await upsert([
    { id: 10, vector: { 'byte-euclid': [0, 0], 'byte-manhattan': [1, 2] } },
    { id: 11, vector: { 'byte-euclid': [3.9, 4.9], 'byte-manhattan': [255, 0] } }
  ])
  const only = { filter: { must: [{ has_id: [10, 11] }] } }
  expect(await query('byte-euclid', [-7, 0.9], only)).toMatchObject([
    { id: 10, score: 0 },
    { id: 11, score: 5 }
  ])
  expect(await query('byte-manhattan', [1.5, 1.5], only)).toMatchObject([
    { id: 10, score: 1 },
    { id: 11, score: 255 }
  ])
})

test('a cosine of uint8 vectors is told of vectors of any length, and is 0 beside zero', async () => {
  await upsert([
    { id: 20, vector: { 'byte-cosine': [3, 4, 0, 0] } },
    { id: 21, vector: { 'byte-cosine': [0.5, 0, -1, 0] } },
    { id: 22, vector: { 'byte-cosine': [0, 0, 0, 9] } }
  ])
  const only = { filter: { must: [{ has_id: [20, 21, 22] }] } }
  const hits = await query('byte-cosine', [30, 40, 0, 0], only)
  expect(hits.map(({ id, score }) => [id, score])).toEqual([
    [20, 1],
    [22, 0],
    [21, 0]
  ])
  expect(await query('byte-cosine', [0.9, 0, 0, 0], only)).toMatchObject([
    { score: 0 },
    { score: 0 },
    { score: 0 }
  ])
})

test('a point that is asked about lends its stored vector', async () => {
  await upsert([
    { id: 30, vector: { 'byte-euclid': [100.7, 50] } },
    { id: 31, vector: { 'byte-euclid': [103, 54.4] } }
  ])
  const filter = { must: [{ has_id: [30, 31] }] }
  expect(await query('byte-euclid', 30, { filter })).toMatchObject([{ id: 31, score: 5 }])
})

test('all forms of a write store the same', async () => {
  await call('PUT', '/points?wait=true', {
    batch: { ids: [40], vectors: { 'half-cosine': [[30, 40]], 'byte-euclid': [[7.7, 300]] } }
  })
  await upsert([{ id: 41, vector: { 'byte-euclid': [0, 0] } }])
  await call('PUT', '/points/vectors?wait=true', {
    points: [{ id: 41, vector: { 'byte-euclid': [7.7, 300], 'half-cosine': [30, 40] } }]
  })
  const stored = { 'byte-euclid': [7, 255], 'half-cosine': [0.60009766, 0.7998047] }
  expect(await vectorOf(40)).toEqual(stored)
  expect(await vectorOf(41)).toEqual(stored)
})

test('the wrong length is refused as for any vector', async () => {
  const points = [{ id: 1, vector: { 'byte-euclid': [1, 2, 3] } }]
  const answer = await rest.client.send('PUT', `${name}/points?wait=true`, { points })
  expect(answer.status).toBe(400)
  expect(answer.body['status']).toMatchObject({
    error: 'Wrong input: Vector dimension error: expected dim: 2, got 3'
  })
})

test('telemetry counts the bytes that vectors take', async () => {
  const bytes = async (collection: string, datatype: string) => {
    const path = `/collections/${collection}`
    await rest.client.call('PUT', path, { vectors: { size: 64, distance: 'Dot', datatype } })
    const points = [{ id: 1, vector: Array.from({ length: 64 }, (_, at) => at) }]
    await rest.client.call('PUT', `${path}/points?wait=true`, { points })
    const { result } = (await rest.client.call('GET', '/telemetry?details_level=4')) as {
      result: { collections: { collections: Telemetry[] } }
    }
    const found = result.collections.collections.find(({ id }) => id === collection)
    return found?.shards[0]?.local.vectors_size_bytes
  }
  expect(await bytes('telemetry-u8', 'uint8')).toBe(64)
  expect(await bytes('telemetry-f16', 'float16')).toBe(128)
})

interface Telemetry {
  readonly id: string
  readonly shards: readonly { readonly local: { readonly vectors_size_bytes: number } }[]
}
