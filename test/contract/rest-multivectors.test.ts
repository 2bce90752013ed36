import { beforeAll, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import { restServer } from '../support/rest-server.ts'
import { testSeed } from '../support/seed.ts'

const rest = restServer()

interface Hit {
  readonly id: number
  readonly score: number
}

const call = async (method: string, path: string, body?: unknown) =>
  (await rest.client.call(method, path, body))['result']
const errorOf = (answer: { body: Record<string, unknown> }) =>
  (answer.body['status'] as { error: string }).error
const name = '/collections/multi'
const upsert = (points: readonly unknown[]) => call('PUT', `${name}/points?wait=true`, { points })
const vectorOf = async (id: number) =>
  ((await call('GET', `${name}/points/${id}`)) as { vector: unknown }).vector
const query = async (body: object) =>
  ((await call('POST', `${name}/points/query`, body)) as { points: Hit[] }).points

const multivector_config = { comparator: 'max_sim' }
const vectors = {
  many: { size: 2, distance: 'Dot', multivector_config },
  unit: { size: 2, distance: 'Cosine', multivector_config },
  far: { size: 2, distance: 'Euclid', multivector_config },
  bytes: { size: 4, distance: 'Dot', datatype: 'uint8', multivector_config },
  one: { size: 2, distance: 'Dot' }
}

beforeAll(async () => {
  const sparse_vectors = { words: {} }
  await call('PUT', name, { vectors, sparse_vectors, shard_number: 2 })
})

test('collection info shows which vectors are multivectors', async () => {
  const { config } = (await call('GET', name)) as { config: { params: { vectors: unknown } } }
  expect(config.params.vectors).toEqual(vectors)
})

test('multivectors come back as they were given, each of unit length where the distance is cosine', async () => {
  await upsert([
    {
      id: 1,
      vector: {
        many: [
          [1, 2],
          [3, 4],
          [5, 6]
        ],
        unit: [
          [3, 4],
          [0, 2]
        ],
        bytes: [
          [256.19, 1.81, 2.75, 3.11],
          [-1, 0, 0.5, 9]
        ],
        one: [1, 1]
      }
    }
  ])
  expect(await vectorOf(1)).toEqual({
    many: [
      [1, 2],
      [3, 4],
      [5, 6]
    ],
    unit: [
      [0.6, 0.8],
      [0, 1]
    ],
    bytes: [
      [255, 1, 2, 3],
      [0, 0, 0, 9]
    ],
    one: [1, 1]
  })
})

test('one vector alone is a multivector of one, in every form of a write', async () => {
  await upsert([{ id: 2, vector: { many: [7, 8] } }])
  expect(await vectorOf(2)).toEqual({ many: [[7, 8]] })
  await call('PUT', `${name}/points?wait=true`, {
    batch: {
      ids: [3, 4],
      vectors: {
        many: [
          [
            [1, 1],
            [2, 2]
          ],
          [3, 3]
        ]
      }
    }
  })
  expect(await vectorOf(3)).toEqual({
    many: [
      [1, 1],
      [2, 2]
    ]
  })
  expect(await vectorOf(4)).toEqual({ many: [[3, 3]] })
  await call('PUT', `${name}/points/vectors?wait=true`, {
    points: [{ id: 4, vector: { unit: [0, 5] } }]
  })
  expect(await vectorOf(4)).toEqual({ many: [[3, 3]], unit: [[0, 1]] })
  await call('POST', `${name}/points/vectors/delete?wait=true`, { points: [4], vector: ['many'] })
  expect(await vectorOf(4)).toEqual({ unit: [[0, 1]] })
  const having = { filter: { must: [{ has_vector: 'many' }] } }
  expect(await call('POST', `${name}/points/count`, having)).toEqual({ count: 3 })
  await call('POST', `${name}/points/delete?wait=true`, { points: [2, 3, 4] })
})

test('a query takes for each of its vectors the nearest, and adds them', async () => {
  await upsert([
    {
      id: 10,
      vector: {
        many: [
          [1, 0],
          [0, 1]
        ],
        far: [[3, 4]]
      },
      payload: { n: 1 }
    },
    {
      id: 11,
      vector: {
        many: [[2, 2]],
        far: [
          [0, 0],
          [50, 50]
        ]
      },
      payload: { n: 2 }
    }
  ])
  const only = { filter: { must: [{ has_id: [10, 11] }] } }
  const both = [
    [1, 0],
    [0, 3]
  ]
  expect(await query({ query: both, using: 'many', ...only })).toMatchObject([
    { id: 11, score: 8 },
    { id: 10, score: 4 }
  ])
  // One vector alone is a query of one.
  expect(await query({ query: [1, 0], using: 'many', ...only })).toMatchObject([
    { id: 11, score: 2 },
    { id: 10, score: 1 }
  ])
  expect(
    await query({ query: { nearest: both }, using: 'many', limit: 1, offset: 1, ...only })
  ).toMatchObject([{ id: 10 }])
  // The root is that of the sum.
  expect(
    await query({
      query: [
        [0, 0],
        [0, 0]
      ],
      using: 'far',
      ...only
    })
  ).toMatchObject([
    { id: 11, score: 0 },
    { id: 10, score: 7.071068 }
  ])
  const near = {
    query: [
      [0, 0],
      [0, 0]
    ],
    using: 'far',
    score_threshold: 7.08
  }
  expect(await query({ ...near, ...only })).toHaveLength(2)
  expect(await query({ ...near, score_threshold: 7, ...only })).toHaveLength(1)
  expect(
    await query({
      query: both,
      using: 'many',
      filter: { must: [{ key: 'n', match: { value: 1 } }] }
    })
  ).toMatchObject([{ id: 10 }])
})

test('a point that is asked about lends its multivector', async () => {
  const hits = await query({ query: 10, using: 'many' })
  expect(hits.map(({ id }) => id)).not.toContain(10)
  // (1, 0) and (0, 1) find 2 each.
  expect(hits.find(({ id }) => id === 11)).toMatchObject({ score: 4 })
})

test('the older form asks with one vector', async () => {
  const vector = { name: 'many', vector: [1, 0] }
  const filter = { must: [{ has_id: [10, 11] }] }
  expect(await call('POST', `${name}/points/search`, { vector, filter, limit: 1 })).toMatchObject([
    { id: 11, score: 2 }
  ])
})

test('the unnamed vector may be a multivector', async () => {
  const one = '/collections/multi-unnamed'
  await call('PUT', one, { vectors: { size: 2, distance: 'Dot', multivector_config } })
  await call('PUT', `${one}/points?wait=true`, {
    points: [
      {
        id: 1,
        vector: [
          [1, 2],
          [3, 4]
        ]
      },
      { id: 2, vector: [5, 6] },
      { id: 3, vector: { '': [[9, 9]] } }
    ]
  })
  await call('PUT', `${one}/points?wait=true`, {
    batch: {
      ids: [4, 5],
      vectors: [
        [
          [1, 1],
          [2, 2]
        ],
        [3, 3]
      ]
    }
  })
  const page = (await call('POST', `${one}/points/scroll`, { with_vector: true })) as {
    points: { vector: unknown }[]
  }
  expect(page.points.map(({ vector }) => vector)).toEqual([
    [
      [1, 2],
      [3, 4]
    ],
    [[5, 6]],
    [[9, 9]],
    [
      [1, 1],
      [2, 2]
    ],
    [[3, 3]]
  ])
  expect(
    await call('POST', `${one}/points/query`, {
      query: [
        [1, 0],
        [0, 1]
      ],
      limit: 1
    })
  ).toMatchObject({
    points: [{ id: 3, score: 18 }]
  })
})

test('a multivector can be added at runtime', async () => {
  const later = { size: 1, distance: 'Manhattan', multivector_config }
  await call('PUT', `${name}/vectors/later?wait=true`, { dense: later })
  await upsert([{ id: 60, vector: { later: [[1], [5]] } }])
  expect(await query({ query: [[0], [7]], using: 'later' })).toMatchObject([{ id: 60, score: 3 }])
  const plain = await rest.client.send('PUT', `${name}/vectors/later?wait=true`, {
    dense: { size: 1, distance: 'Manhattan' }
  })
  expect(plain.status).toBe(400)
  await call('DELETE', `${name}/vectors/later?wait=true`)
})

const multiMismatch = 'Wrong input: Conversion between multi and regular vectors failed'
const place = 'Validation error in JSON body: [points[0].vector.?.data: '
const large = Array.from({ length: 2 ** 19 }, () => [0, 0])

test.each([
  [{ many: [] }, 422, `${place}multi vector must not be empty]`],
  [{ many: [[]] }, 422, `${place}all vectors must be non-empty]`],
  [{ many: [[1, 2], []] }, 422, `${place}all vectors must be non-empty]`],
  [
    {
      many: [
        [1, 2],
        [1, 2, 3]
      ]
    },
    422,
    `${place}all vectors must have the same dimension, found vector with dimension 3]`
  ],
  [{ many: [[1, 2, 3]] }, 400, 'Wrong input: Vector dimension error: expected dim: 2, got 3'],
  [{ many: [1, 2, 3] }, 400, 'Wrong input: Vector dimension error: expected dim: 2, got 3'],
  [{ many: [[1, 2], 3] }, 400, 'Format error in JSON body: '],
  [{ many: [[1, 'a']] }, 400, 'Format error in JSON body: '],
  [{ many: [[1, [2]]] }, 400, 'Format error in JSON body: '],
  [{ one: [[1, 2]] }, 400, multiMismatch],
  [{ words: [[1, 2]] }, 400, 'Wrong input: Conversion between sparse and regular vectors failed'],
  [
    { many: { indices: [1], values: [1] } },
    400,
    'Wrong input: Conversion between sparse and regular vectors failed'
  ],
  [{ nope: [[1, 2]] }, 400, 'Wrong input: Not existing vector name error: nope']
])('upsert of %j is refused', async (vector, status, message) => {
  const points = [{ id: 1, vector }]
  const answer = await rest.client.send('PUT', `${name}/points?wait=true`, { points })
  expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(message)])
})

test('a multivector of a million components is refused', async () => {
  const points = [{ id: 1, vector: { many: large } }]
  const answer = await rest.client.send('PUT', `${name}/points?wait=true`, { points })
  expect([answer.status, errorOf(answer)]).toEqual([
    422,
    `${place}a multi vector must have fewer than 1048576 components]`
  ])
})

test.each([
  [{ query: [[1, 2]], using: 'one' }, 400, multiMismatch],
  [
    { query: [[1, 2, 3]], using: 'many' },
    400,
    'Wrong input: Vector dimension error: expected dim: 2, got 3'
  ],
  [{ query: [[1, 2], [1]], using: 'many' }, 422, 'all vectors must have the same dimension'],
  [
    { query: { indices: [1], values: [1] }, using: 'many' },
    400,
    'Wrong input: Conversion between sparse and regular vectors failed'
  ],
  [
    { query: [[1, 2]], using: 'words' },
    400,
    'Wrong input: Conversion between sparse and regular vectors failed'
  ]
])('a query %j is refused', async (body, status, message) => {
  const answer = await rest.client.send('POST', `${name}/points/query`, body)
  expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(message)])
})

test('above the indexing threshold multivectors are indexed, and found with the scores of an exact search', async () => {
  const random = new Random(testSeed('multivector graph over REST'))
  const size = 16
  const count = 1800
  const noisy = (centre: readonly number[], noise: number) =>
    centre.map((value) => value + noise * (random.next() - 0.5))
  const centres = Array.from({ length: 40 }, () => noisy(Array(size).fill(0), 4))
  const points = Array.from({ length: count }, (_, id) => {
    const topics = [0, 1, 2].map(() => centres[Math.floor(random.next() * 40)] ?? [])
    const rows = 8 + Math.floor(random.next() * 12)
    return { id, vector: Array.from({ length: rows }, (_, at) => noisy(topics[at % 3] ?? [], 3)) }
  })
  await call('PUT', '/collections/indexed', {
    vectors: { size, distance: 'Cosine', multivector_config },
    optimizers_config: { indexing_threshold: 100 }
  })
  for (let first = 0; first < count; first += 300)
    await call('PUT', '/collections/indexed/points?wait=true', {
      points: points.slice(first, first + 300)
    })
  const info = () => call('GET', '/collections/indexed') as Promise<object>
  await expect
    .poll(info, { timeout: 60_000 })
    .toMatchObject({ status: 'green', indexed_vectors_count: count })
  const found = { byItself: 0, told: 0 }
  for (const { vector } of points.slice(0, 30)) {
    const near = vector.slice(0, 6).map((row) => noisy(row, 1))
    const ask = async (params: object) => {
      const body = { query: near, limit: 10, params }
      return ((await call('POST', '/collections/indexed/points/query', body)) as { points: Hit[] })
        .points
    }
    const exact = new Map((await ask({ exact: true })).map(({ id, score }) => [id, score]))
    const hitsOf = (hits: readonly Hit[]) => {
      expect(hits).toHaveLength(10)
      const same = hits.filter(({ id }) => exact.has(id))
      for (const { id, score } of same) expect(score).toBe(exact.get(id))
      return same.length
    }
    found.byItself += hitsOf(await ask({}))
    found.told += hitsOf(await ask({ hnsw_ef: 150 }))
  }
  expect(found.byItself / 300).toBeGreaterThanOrEqual(0.95)
  expect(found.told / 300).toBeGreaterThanOrEqual(0.85)
  const { collections } = (await call('GET', '/millrace/memory')) as {
    collections: { name: string; codes_bytes: number; graph_bytes: number }[]
  }
  const used = collections.find(({ name }) => name === 'indexed')
  expect(used?.codes_bytes).toBeGreaterThanOrEqual(count * 512)
  expect(used?.graph_bytes).toBeGreaterThanOrEqual(count * 48 * 4)
  const metrics = await (await fetch(`${rest.url}/metrics`)).text()
  const searches = (path: string) =>
    Number(
      metrics.match(
        `millrace_shard_searches{collection="indexed",shard="0",vector="",filter="no",path="${path}"} (\\d+)`
      )?.[1] ?? 0
    )
  expect(searches('exact')).toBe(30)
  // Those that were told how many candidates to look at.
  expect(searches('graph')).toBeGreaterThanOrEqual(30)
})
