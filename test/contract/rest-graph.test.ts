import { expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import { restServer } from '../support/rest-server.ts'
import { testSeed } from '../support/seed.ts'

const rest = restServer()
const size = 16
const count = 1500

/** Creates a collection and fills it. @returns the vectors by id */
async function fill(name: string, settings: object, random: Random): Promise<number[][]> {
  const vectors = Array.from({ length: count }, () =>
    Array.from({ length: size }, () => random.next() - 0.5)
  )
  await rest.client.call('PUT', `/collections/${name}`, {
    vectors: { size, distance: 'Cosine' },
    ...settings
  })
  const points = vectors.map((vector, id) => ({ id, vector }))
  await rest.client.call('PUT', `/collections/${name}/points?wait=true`, { points })
  return vectors
}

async function indexedVectors(name: string): Promise<unknown> {
  const { result } = await rest.client.call('GET', `/collections/${name}`)
  return (result as Record<string, unknown>)['indexed_vectors_count']
}

test('vectors above the indexing threshold are indexed, and found as by an exact search with the same scores', async () => {
  const random = new Random(testSeed('graph over REST'))
  const vectors = await fill('graph', { optimizers_config: { indexing_threshold: 1 } }, random)
  await expect.poll(() => indexedVectors('graph'), { timeout: 60_000 }).toBe(count)
  let found = 0
  for (const query of vectors.slice(0, 40)) {
    const ask = async (params: object) => {
      const answer = await rest.client.call('POST', '/collections/graph/points/query', {
        query,
        limit: 10,
        params
      })
      return (answer['result'] as { points: { id: number; score: number }[] }).points
    }
    const exact = new Map((await ask({ exact: true })).map(({ id, score }) => [id, score]))
    for (const { id, score } of await ask({})) {
      if (!exact.has(id)) continue
      expect(score).toBe(exact.get(id))
      found += 1
    }
  }
  expect(found / 400).toBeGreaterThanOrEqual(0.95)
})

test('telemetry and metrics tell how searches found their hits', async () => {
  await fill('told', { optimizers_config: { indexing_threshold: 1 } }, new Random(5))
  await expect.poll(() => indexedVectors('told'), { timeout: 60_000 }).toBe(count)
  const ask = (parts: object) =>
    rest.client.call('POST', '/collections/told/points/query', {
      query: Array.from({ length: size }, (_, at) => at),
      ...parts
    })
  const filter = { must: [{ has_id: [1, 2, 3] }] }
  await ask({})
  await ask({ filter })
  await ask({ filter })
  await ask({ params: { exact: true } })
  await ask({ params: { exact: true }, filter })
  const { result } = await rest.client.call('GET', '/telemetry?details_level=4')
  const { collections } = result as { collections: { collections: { id: string }[] } }
  const told = collections.collections.find(({ id }) => id === 'told')
  const taken = (times: number) => ({ count: times, total_duration_micros: expect.any(Number) })
  const segment = {
    vector_index_searches: [
      {
        index_name: '',
        unfiltered_hnsw: taken(1),
        unfiltered_plain: { count: 0 },
        unfiltered_exact: taken(1),
        filtered_small_cardinality: taken(2),
        filtered_exact: taken(1),
        filtered_large_cardinality: { count: 0 },
        filtered_plain: { count: 0 },
        filtered_sparse: { count: 0 }
      }
    ]
  }
  expect(told).toMatchObject({ shards: [{ local: { segments: [segment] } }] })
  const text = await (await fetch(`${rest.url}/metrics`)).text()
  const line = (filtered: string, path: string, times: number) =>
    `millrace_shard_searches{collection="told",shard="0",vector="",filter="${filtered}",path="${path}"} ${times}`
  expect(text).toContain(line('no', 'graph', 1))
  expect(text).toContain(line('yes', 'codeScan', 2))
  expect(text).toContain(line('yes', 'exact', 1))
})

test.each([
  ['below the threshold', {}],
  ['with a threshold of 0', { optimizers_config: { indexing_threshold: 0 } }],
  ['with m 0', { hnsw_config: { m: 0 }, optimizers_config: { indexing_threshold: 1 } }]
])('%s there is no graph, and nothing is counted as indexed', async (title, settings) => {
  const name = title.replaceAll(' ', '-')
  await fill(name, settings, new Random(testSeed('no graph over REST')))
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(await indexedVectors(name)).toBe(0)
})
