import { expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import { restServer } from '../support/rest-server.ts'
import { testSeed } from '../support/seed.ts'

const rest = restServer()
const random = new Random(testSeed('sparse datatypes'))
const name = '/collections/sparse-types'
const call = async (method: string, path: string, body?: unknown) =>
  (await rest.client.call(method, `${name}${path}`, body))['result']

/** Values that no smaller datatype holds. */
function sparseVector(count: number) {
  const indices = new Set(Array.from({ length: count }, () => Math.floor(2000 ** random.next())))
  return {
    indices: [...indices],
    values: Array.from(indices, () => Math.fround(random.next() + 0.1))
  }
}

async function indexBytes(): Promise<number> {
  const { result } = await rest.client.call('GET', '/millrace/memory')
  const { collections } = result as {
    collections: { name: string; sparse_index_bytes: number }[]
  }
  return collections.find((one) => one.name === 'sparse-types')?.sparse_index_bytes ?? 0
}

async function datatypeInTelemetry(): Promise<unknown> {
  const { result } = await rest.client.call('GET', '/telemetry?details_level=10')
  const { collections } = result as {
    collections: {
      collections: {
        id: string
        shards: {
          local: {
            segments: {
              config: { sparse_vector_data: { text: { index: { datatype?: string } } } }
            }[]
          }
        }[]
      }[]
    }
  }
  const found = collections.collections.find(({ id }) => id === 'sparse-types')
  return found?.shards[0]?.local.segments[0]?.config.sparse_vector_data.text.index.datatype
}

test('an index of a smaller datatype takes less memory, by a PATCH as well, while vectors and answers stay what they were', {
  timeout: 120_000
}, async () => {
  await call('PUT', '', { sparse_vectors: { text: { modifier: 'idf' } } })
  for (let first = 0; first < 6000; first += 1000) {
    const points = Array.from({ length: 1000 }, (_, at) => ({
      id: first + at,
      vector: { text: sparseVector(40) }
    }))
    await call('PUT', '/points?wait=true', { points })
  }
  const queries = Array.from({ length: 10 }, () => sparseVector(6))
  const answers = () =>
    Promise.all(
      queries.map((query) => call('POST', '/points/query', { query, using: 'text', limit: 50 }))
    )
  const vectors = () => call('POST', '/points', { ids: [1, 2, 3], with_vector: true })
  const [given, found, floats] = [await vectors(), await answers(), await indexBytes()]
  let before = floats
  // Some 100,000 entries save two bytes, and then one.
  for (const datatype of ['float16', 'uint8']) {
    await call('PATCH', '', { sparse_vectors: { text: { index: { datatype } } } })
    await expect.poll(indexBytes, { timeout: 60_000 }).toBeLessThan(before - 50_000)
    before = await indexBytes()
    expect(await answers()).toEqual(found)
    expect(await vectors()).toEqual(given)
    expect(await datatypeInTelemetry()).toBe(datatype)
  }
  const { config } = (await call('GET', '')) as { config: { params: { sparse_vectors: unknown } } }
  expect(config.params.sparse_vectors).toEqual({
    text: { modifier: 'idf', index: { datatype: 'uint8' } }
  })
  await call('PATCH', '', { sparse_vectors: { text: { index: { datatype: 'float32' } } } })
  await expect.poll(indexBytes, { timeout: 60_000 }).toBeGreaterThan(before + 50_000)
  expect(await answers()).toEqual(found)
})
