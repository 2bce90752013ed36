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
