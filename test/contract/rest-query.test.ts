import { beforeAll, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import { restServer } from '../support/rest-server.ts'
import { testSeed } from '../support/seed.ts'

const rest = restServer()
const seed = testSeed()
const errorOf = (answer: { body: Record<string, unknown> }) =>
  (answer.body['status'] as { error: string }).error

type Vector = readonly number[]
interface Hit {
  readonly id: number
  readonly score: number
  readonly payload?: unknown
  readonly vector?: unknown
  readonly version: number
}

const size = 24
const points = 1500
const distances = ['Cosine', 'Dot', 'Euclid', 'Manhattan'] as const
type Distance = (typeof distances)[number]

const random = new Random(seed)
const stored: Vector[] = Array.from({ length: points }, () => randomVector())

function randomVector(): Vector {
  return Array.from({ length: size }, () => Math.fround(random.next() * 2 - 1))
}

/** Plain double arithmetic: the oracle. */
function scoreOf(distance: Distance, a: Vector, b: Vector): number {
  const sum = (term: (x: number, y: number) => number) =>
    a.reduce((total, x, at) => total + term(x, b[at] ?? 0), 0)
  const dot = sum((x, y) => x * y)
  if (distance === 'Dot') return dot
  if (distance === 'Cosine') return dot / (Math.hypot(...a) * Math.hypot(...b))
  return distance === 'Euclid'
    ? Math.sqrt(sum((x, y) => (x - y) ** 2))
    : sum((x, y) => Math.abs(x - y))
}

const largerIsBetter = (distance: Distance) => distance === 'Cosine' || distance === 'Dot'
/** f32 sums of 24 terms of size ≤ 4 in another order: 24 · 2^-23 · 4, with room. */
const tolerance = 1e-4

function exact(distance: Distance, query: Vector): { id: number; score: number }[] {
  const sign = largerIsBetter(distance) ? -1 : 1
  return stored
    .map((vector, id) => ({ id, score: scoreOf(distance, query, vector) }))
    .sort((a, b) => sign * (a.score - b.score))
}

async function query(collection: string, body: object): Promise<Hit[]> {
  const answer = await rest.client.call('POST', `/collections/${collection}/points/query`, body)
  return (answer['result'] as { points: Hit[] }).points
}

beforeAll(async () => {
  for (const distance of distances) {
    const name = distance.toLowerCase()
    await rest.client.call('PUT', `/collections/${name}`, {
      vectors: { size, distance },
      shard_number: 3
    })
    await rest.client.call('PUT', `/collections/${name}/points?wait=true`, {
      points: stored.map((vector, id) => ({ id, vector, payload: { id } }))
    })
  }
})

test.each(distances)('%s: hits over several shards are those of brute force', async (distance) => {
  for (let round = 0; round < 5; round++) {
    const vector = randomVector()
    const hits = await query(distance.toLowerCase(), { query: vector, limit: 20 })
    const expected = exact(distance, vector)
    expect(hits).toHaveLength(20)
    hits.forEach((hit, rank) => {
      const ideal = expected[rank]?.score ?? 0
      expect(Math.abs(hit.score - ideal), `rank ${rank}, SEED=${seed}`).toBeLessThan(tolerance)
      expect(Math.abs(hit.score - scoreOf(distance, vector, stored[hit.id] ?? []))).toBeLessThan(
        tolerance
      )
    })
  }
})

test.each(distances)(
  '%s: the threshold is strict and has the right direction',
  async (distance) => {
    const vector = randomVector()
    const all = await query(distance.toLowerCase(), { query: vector, limit: 100 })
    const threshold = all[30]?.score ?? 0
    const kept = await query(distance.toLowerCase(), {
      query: vector,
      limit: 100,
      score_threshold: threshold
    })
    const isBetter = (score: number) =>
      largerIsBetter(distance) ? score > threshold : score < threshold
    expect(kept.map(({ id }) => id)).toEqual(
      all.filter(({ score }) => isBetter(score)).map(({ id }) => id)
    )
  }
)

test('offset skips the best, and limit may pass the number of points', async () => {
  const vector = randomVector()
  const all = await query('dot', { query: vector, limit: points + 100 })
  expect(all).toHaveLength(points)
  expect(await query('dot', { query: vector, limit: 10, offset: 25 })).toEqual(all.slice(25, 35))
  expect(await query('dot', { query: vector, limit: 10, offset: points - 3 })).toEqual(
    all.slice(-3)
  )
  expect(await query('dot', { query: vector, limit: 10, offset: points })).toEqual([])
})

test('equal scores are ordered by id over all shards', async () => {
  for (const [name, distance] of [
    ['same dot', 'Dot'],
    ['same euclid', 'Euclid']
  ] as const) {
    const path = `/collections/${encodeURIComponent(name)}`
    await rest.client.call('PUT', path, { vectors: { size: 2, distance }, shard_number: 4 })
    await rest.client.call('PUT', `${path}/points?wait=true`, {
      points: Array.from({ length: 50 }, (_, id) => ({ id, vector: [1, 1] }))
    })
    const hits = await query(encodeURIComponent(name), { query: [1, 1], limit: 10 })
    const ids =
      distance === 'Dot' ? [49, 48, 47, 46, 45, 44, 43, 42, 41, 40] : [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    expect(hits.map(({ id }) => id)).toEqual(ids)
  }
})

test('payload and vectors come when asked for', async () => {
  const vector = stored[7] ?? []
  const [plain] = await query('euclid', { query: vector, limit: 1 })
  expect(plain).toEqual({ id: 7, score: 0, version: expect.any(Number) })
  const [full] = await query('euclid', {
    query: { nearest: vector },
    limit: 1,
    with_payload: true,
    with_vector: true
  })
  expect(full).toMatchObject({ id: 7, payload: { id: 7 } })
  // Floats are written with as few digits as name them.
  expect((full?.vector as number[] | undefined)?.map(Math.fround)).toEqual(vector)
})

test('params and consistency are accepted', async () => {
  const body = {
    query: stored[1],
    limit: 3,
    params: { exact: true, hnsw_ef: 64, quantization: { rescore: true } }
  }
  const answer = await rest.client.send(
    'POST',
    '/collections/dot/points/query?consistency=majority&timeout=5',
    body
  )
  expect(answer.status).toBe(200)
})

test('the older search endpoint gives a bare list', async () => {
  const answer = await rest.client.call('POST', '/collections/dot/points/search', {
    vector: stored[3],
    limit: 4
  })
  const hits = await query('dot', { query: stored[3], limit: 4 })
  expect(answer['result']).toEqual(hits)
})

test('named vectors are searched by name', async () => {
  await rest.client.call('PUT', '/collections/named', {
    vectors: { a: { size: 2, distance: 'Euclid' }, b: { size: 3, distance: 'Dot' } }
  })
  await rest.client.call('PUT', '/collections/named/points?wait=true', {
    points: [
      { id: 1, vector: { a: [0, 0] } },
      { id: 2, vector: { b: [1, 0, 0] } },
      { id: 3, vector: { a: [3, 4], b: [0, 1, 0] } }
    ]
  })
  const hits = await query('named', { query: [0, 0], using: 'a' })
  expect(hits.map(({ id, score }) => [id, score])).toEqual([
    [1, 0],
    [3, 5]
  ])
  const older = await rest.client.call('POST', '/collections/named/points/search', {
    vector: { name: 'b', vector: [1, 0, 0] },
    limit: 5,
    with_vector: ['b']
  })
  expect(older['result']).toMatchObject([{ id: 2, vector: { b: [1, 0, 0] } }, { id: 3 }])
})

test.each([
  [{ query: [1, 2] }, 400, 'Wrong input: Vector dimension error: expected dim: 24, got 2'],
  [{ query: stored[0], using: 'x' }, 400, 'Wrong input: Not existing vector name error: x'],
  [{ query: stored[0], limit: 0 }, 422, '[internal.limit: value 0 invalid, must be 1 or larger]'],
  [{ query: stored[0], limit: -1 }, 400, 'Format error in JSON body: '],
  [{ query: stored[0], offset: 1e9 }, 400, 'limits.resultPoints'],
  [{ query: stored[0], params: { hnsw_ef: 0 } }, 422, 'internal.params.hnsw_ef'],
  [
    { query: stored[0], with_payload: { include: ['a'], exclude: ['b'] } },
    400,
    'Format error in JSON body: '
  ]
])('the query %j is refused with %i', async (body, status, text) => {
  const answer = await rest.client.send('POST', '/collections/dot/points/query', body)
  expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(text)])
})

test('P5 a deleted point is in no later answer', async () => {
  const vector = stored[11] ?? []
  await rest.client.call('POST', '/collections/euclid/points/delete?wait=true', { points: [11] })
  const hits = await query('euclid', { query: vector, limit: points })
  expect(hits.some(({ id }) => id === 11)).toBe(false)
  expect(hits).toHaveLength(points - 1)
})
