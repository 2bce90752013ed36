import { expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import { restServer } from '../support/rest-server.ts'
import { testSeed } from '../support/seed.ts'

const rest = restServer()
const size = 64
const count = 1500
const indexed = { optimizers_config: { indexing_threshold: 1 } }

interface Hit {
  readonly id: number
  readonly score: number
}

interface Info {
  readonly status: string
  readonly config: {
    readonly quantization_config: unknown
    readonly params: { readonly vectors: unknown }
  }
}

interface Segment {
  readonly config: {
    readonly vector_data: Record<string, { readonly quantization_config?: unknown }>
  }
}

interface Quantized {
  readonly vector: string
  readonly vectors: number
  readonly bytes_per_vector: number
  readonly bytes: number
}

const infoOf = async (name: string) =>
  (await rest.client.call('GET', `/collections/${name}`))['result'] as Info

async function segmentOf(name: string): Promise<Segment> {
  const { result } = await rest.client.call('GET', '/telemetry?details_level=4')
  const { collections } = result as {
    collections: {
      collections: { id: string; shards: { local: { segments: Segment[] } }[] }[]
    }
  }
  const [segment] =
    collections.collections.find(({ id }) => id === name)?.shards[0]?.local.segments ?? []
  if (segment === undefined) throw new Error(`${name} has no segment`)
  return segment
}

/** What there is of the codes of a vector. */
async function quantizedOf(name: string, vector = '') {
  const { result } = await rest.client.call('GET', '/millrace/memory')
  const { collections } = result as { collections: { name: string; quantized: Quantized[] }[] }
  const found = collections
    .find((collection) => collection.name === name)
    ?.quantized.find((codes) => codes.vector === vector)
  return found && { vectors: found.vectors, each: found.bytes_per_vector, bytes: found.bytes }
}

/** Creates a collection and fills it. @returns the vectors by id */
async function fill(name: string, settings: object, distance = 'Cosine'): Promise<number[][]> {
  const random = new Random(testSeed(`quantization over REST: ${name}`))
  const vectors = Array.from({ length: count }, () =>
    Array.from({ length: size }, () => random.next() - 0.4)
  )
  await rest.client.call('PUT', `/collections/${name}`, {
    vectors: { size, distance },
    ...indexed,
    ...settings
  })
  const points = vectors.map((vector, id) => ({ id, vector, payload: { n: id % 10 } }))
  await rest.client.call('PUT', `/collections/${name}/points?wait=true`, { points })
  return vectors
}

async function search(name: string, query: number[], quantization?: object, more: object = {}) {
  const params = { ...(quantization && { quantization }) }
  const body = { query, limit: 10, params, ...more }
  const answer = await rest.client.call('POST', `/collections/${name}/points/query`, body)
  return (answer['result'] as { points: Hit[] }).points
}

const exactly = (name: string, query: number[], more: object = {}) =>
  search(name, query, undefined, { params: { exact: true }, ...more })

/** Whether the scores of hits are those of their vectors. */
async function areExact(name: string, query: number[], hits: readonly Hit[]): Promise<boolean> {
  const all = await exactly(name, query, { limit: count })
  const scores = new Map(all.map(({ id, score }) => [id, score]))
  return hits.every(({ id, score }) => scores.get(id) === score)
}

const kinds: [string, object, { bytes: number; rescores: boolean; recall: number }][] = [
  ['scalar', { scalar: { type: 'int8' } }, { bytes: 64 + 4, rescores: false, recall: 0.97 }],
  [
    'scalar-quantile',
    { scalar: { type: 'int8', quantile: 0.99, always_ram: true } },
    { bytes: 64 + 4, rescores: false, recall: 0.97 }
  ],
  ['binary', { binary: {} }, { bytes: 8 + 8, rescores: true, recall: 0.6 }],
  [
    'binary-two',
    { binary: { encoding: 'two_bits', query_encoding: 'scalar4bits' } },
    { bytes: 16 + 8, rescores: true, recall: 0.75 }
  ],
  [
    'binary-more',
    { binary: { encoding: 'one_and_half_bits', memory: 'pinned' } },
    { bytes: 12 + 8, rescores: true, recall: 0.7 }
  ],
  ['turbo', { turbo: {} }, { bytes: 32 + 8, rescores: false, recall: 0.9 }],
  ['turbo-two', { turbo: { bits: 'bits2' } }, { bytes: 16 + 8, rescores: true, recall: 0.75 }],
  ['turbo-one', { turbo: { bits: 'bits1' } }, { bytes: 8 + 8, rescores: true, recall: 0.6 }],
  ['product', { product: { compression: 'x8' } }, { bytes: 32, rescores: false, recall: 0.8 }]
]

test.each(kinds)(
  '%s: echoed, made, of as many bytes as its name says, and used as the search asks',
  { timeout: 60_000 },
  async (name, config, { bytes, rescores, recall }) => {
    // Without a graph every search goes by the codes.
    const vectors = await fill(name, { quantization_config: config, hnsw_config: { m: 0 } })
    const query = vectors[7] ?? []
    expect((await infoOf(name)).config.quantization_config).toEqual(config)
    await expect
      .poll(() => quantizedOf(name), { timeout: 30_000 })
      .toEqual({
        vectors: count,
        each: bytes,
        bytes: bytes * count
      })
    expect((await segmentOf(name)).config.vector_data['']?.quantization_config).toEqual(config)
    await expect.poll(async () => (await infoOf(name)).status).toBe('green')

    expect(await areExact(name, query, await search(name, query))).toBe(rescores)
    const rescored = await search(name, query, { rescore: true })
    expect(rescored[0]?.id).toBe(7)
    expect(await areExact(name, query, rescored)).toBe(true)
    const byCodes = await search(name, query, { rescore: false, oversampling: 2 })
    expect(byCodes).toHaveLength(10)
    expect(await areExact(name, query, byCodes)).toBe(false)
    const scores = byCodes.map(({ score }) => score)
    expect(scores).toEqual(scores.toSorted((a, b) => b - a))
    const exact = await exactly(name, query)
    expect(await search(name, query, { ignore: true })).toEqual(exact)
    expect(await search(name, query, { rescore: true, oversampling: 100 })).toEqual(exact)

    let found = 0
    for (const other of vectors.slice(100, 120)) {
      const ids = new Set((await exactly(name, other)).map(({ id }) => id))
      found += (await search(name, other, { rescore: true })).filter(({ id }) => ids.has(id)).length
    }
    expect(found / 200).toBeGreaterThanOrEqual(recall)
  }
)

test('with a graph, hits have exact scores when rescored, and those of the codes when not', async () => {
  const name = 'graph-and-codes'
  const vectors = await fill(name, { quantization_config: { scalar: { type: 'int8' } } }, 'Euclid')
  await expect.poll(async () => (await infoOf(name)).status, { timeout: 60_000 }).toBe('green')
  const query = vectors[11] ?? []
  const rescored = await search(name, query, { rescore: true, oversampling: 3 })
  expect(rescored[0]).toMatchObject({ id: 11, score: 0 })
  expect(await areExact(name, query, rescored)).toBe(true)
  expect(await areExact(name, query, await search(name, query, { rescore: false }))).toBe(false)
  expect(await areExact(name, query, await search(name, query, { ignore: true }))).toBe(true)
  const filter = { must: [{ key: 'n', match: { value: 1 } }] }
  const filtered = await search(name, query, { rescore: true }, { filter })
  expect(filtered).toHaveLength(10)
  expect(filtered.every(({ id }) => id % 10 === 1)).toBe(true)
})

test('the older search, a batch and a long query understand the same parameters', async () => {
  const name = 'forms'
  const vectors = await fill(name, {
    quantization_config: { scalar: { type: 'int8' } },
    hnsw_config: { m: 0 }
  })
  await expect.poll(async () => (await quantizedOf(name))?.vectors).toBe(count)
  const query = vectors[3] ?? []
  const params = { quantization: { rescore: false } }
  const byCodes = await search(name, query, params.quantization)
  const old = await rest.client.call('POST', `/collections/${name}/points/search`, {
    vector: query,
    limit: 10,
    params
  })
  expect(old['result']).toEqual(byCodes)
  const batch = await rest.client.call('POST', `/collections/${name}/points/query/batch`, {
    searches: [
      { query, limit: 10, params },
      { query, limit: 10, params: { quantization: { ignore: true } } }
    ]
  })
  const [first, second] = batch['result'] as { points: Hit[] }[]
  expect(first?.points).toEqual(byCodes)
  expect(second?.points).toEqual(await exactly(name, query))
})

test('named vectors have the quantization of their own, or else that of the collection', async () => {
  const name = 'named'
  const turbo = { turbo: { bits: 'bits2' } }
  const scalar = { scalar: { type: 'int8' } }
  await rest.client.call('PUT', `/collections/${name}`, {
    vectors: {
      a: { size: 32, distance: 'Dot', quantization_config: turbo },
      b: { size: 32, distance: 'Euclid' }
    },
    quantization_config: scalar,
    ...indexed
  })
  const random = new Random(testSeed('named quantization'))
  const vector = () => Array.from({ length: 32 }, () => random.next())
  const points = Array.from({ length: 200 }, (_, id) => ({
    id,
    vector: { a: vector(), b: vector() }
  }))
  await rest.client.call('PUT', `/collections/${name}/points?wait=true`, { points })
  await expect.poll(() => quantizedOf(name, 'a')).toEqual({ vectors: 200, each: 16, bytes: 3200 })
  await expect.poll(() => quantizedOf(name, 'b')).toEqual({ vectors: 200, each: 36, bytes: 7200 })
  const { config } = await infoOf(name)
  expect(config.params.vectors).toMatchObject({ a: { quantization_config: turbo } })
  expect(config.quantization_config).toEqual(scalar)
})

test('a patch builds the codes anew, another removes them, and searches go on meanwhile', {
  timeout: 60_000
}, async () => {
  const name = 'patched'
  const vectors = await fill(name, {})
  const query = vectors[5] ?? []
  const exact = await exactly(name, query)
  expect(await quantizedOf(name)).toBeUndefined()
  const patch = (quantization_config: unknown) =>
    rest.client.call('PATCH', `/collections/${name}`, { quantization_config })
  for (const [config, bytes] of [
    [{ binary: {} }, 16],
    [{ product: { compression: 'x16' } }, 16],
    [{ scalar: { type: 'int8' } }, 68]
  ] as const) {
    await patch(config)
    expect((await infoOf(name)).config.quantization_config).toEqual(config)
    const built = { vectors: count, each: bytes, bytes: bytes * count }
    await expect
      .poll(
        async () => {
          expect(await search(name, query, { rescore: true })).toHaveLength(10)
          const { status } = await infoOf(name)
          return { status, quantized: await quantizedOf(name) }
        },
        { timeout: 30_000 }
      )
      .toEqual({ status: 'green', quantized: built })
    expect(await areExact(name, query, await search(name, query, { rescore: false }))).toBe(false)
  }
  await patch('Disabled')
  expect((await infoOf(name)).config.quantization_config).toBeNull()
  await expect.poll(() => quantizedOf(name), { timeout: 30_000 }).toBeUndefined()
  await expect.poll(() => search(name, query, { rescore: false })).toEqual(exact)
})

test('below the indexing threshold there are no codes, and scores are exact', async () => {
  const name = 'small'
  const settings = { quantization_config: { scalar: { type: 'int8' } } }
  const vectors = await fill(name, { ...settings, optimizers_config: { indexing_threshold: 1000 } })
  const query = vectors[5] ?? []
  expect((await infoOf(name)).status).toBe('green')
  expect(await quantizedOf(name)).toEqual({ vectors: 0, each: 0, bytes: 0 })
  expect(await search(name, query, { rescore: false })).toEqual(await exactly(name, query))
})

test.each([
  { scalar: { type: 'int4' } },
  { scalar: {} },
  { scalar: { type: 'int8', quantile: 0.4 } },
  { scalar: { type: 'int8', quantile: 1.1 } },
  { product: { compression: 'x3' } },
  { product: {} },
  { binary: { encoding: 'three_bits' } },
  { binary: { query_encoding: 'scalar2bits' } },
  { turbo: { bits: 'bits3' } },
  { cubic: {} },
  'Disabled'
])('the quantization %j is refused when a collection is created', async (config) => {
  const answer = await rest.client.send('PUT', '/collections/refused', {
    vectors: { size: 4, distance: 'Dot' },
    quantization_config: config
  })
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect(answer.status).toBeLessThan(500)
  expect((answer.body['status'] as { error: string }).error).toContain('JSON body')
})

test.each([{ oversampling: 0.5 }, { oversampling: 'much' }, { rescore: 1 }, { ignore: 'yes' }])(
  'the search parameters %j are refused',
  async (quantization) => {
    await rest.client.call('PUT', '/collections/asked', { vectors: { size: 4, distance: 'Dot' } })
    const answer = await rest.client.send('POST', '/collections/asked/points/query', {
      query: [1, 2, 3, 4],
      params: { quantization }
    })
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect((answer.body['status'] as { error: string }).error).toContain('JSON body')
    await rest.client.call('DELETE', '/collections/asked')
  }
)
