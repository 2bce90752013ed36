import { expect, test } from 'vitest'
import { scratchBytes } from '../../src/engine/index.ts'
import { Random } from '../support/random.ts'
import { restServer } from '../support/rest-server.ts'
import { testSeed } from '../support/seed.ts'

const rest = restServer()
const size = 16
const vectorBytes = size * 4

interface Memory {
  readonly vectors_on_disk_bytes: number
  readonly coming_bytes: number
  readonly process: { readonly resident_bytes: number; readonly resident_cold_bytes: number }
  readonly budget: { readonly used_bytes: number }
  readonly collections: readonly CollectionMemory[]
}

interface CollectionMemory {
  readonly name: string
  readonly total_bytes: number
  readonly vectors_bytes: number
  readonly vectors_on_disk_bytes: number
  readonly shards: readonly { readonly vectors_on_disk_bytes: number }[]
}

async function memoryNow(): Promise<Memory> {
  return (await rest.client.call('GET', '/millrace/memory'))['result'] as Memory
}

async function placedOf(collection: string): Promise<CollectionMemory> {
  const found = (await memoryNow()).collections.find(({ name }) => name === collection)
  if (found === undefined) throw new Error(`${collection} is not told of`)
  return found
}

const onDisk = async (collection: string) => (await placedOf(collection)).vectors_on_disk_bytes

/** Components in 1/256: whatever is done with them, the text is the same again. */
function vectorOf(random: Random): number[] {
  return Array.from({ length: size }, () => Math.floor(random.next() * 256 - 128) / 256)
}

function upsert(collection: string, points: readonly object[]) {
  return rest.client.call('PUT', `/collections/${collection}/points?wait=true`, { points })
}

test('P8 a PATCH of on_disk or memory moves the vectors to the disk and back while every answer stays what it was', {
  timeout: 120_000
}, async () => {
  const random = new Random(testSeed('placement over REST'))
  await rest.client.call('PUT', '/collections/moved', {
    vectors: { size, distance: 'Dot' },
    optimizers_config: { indexing_threshold: 1 }
  })
  const expected = new Map<number, number[]>()
  const write = async (first: number, count: number) => {
    const points = Array.from({ length: count }, (_, at) => {
      const vector = vectorOf(random)
      expected.set(first + at, vector)
      return { id: first + at, vector }
    })
    await upsert('moved', points)
  }
  for (let first = 0; first < 3000; first += 1000) await write(first, 1000)
  const queries = Array.from({ length: 10 }, () => vectorOf(random))
  const answers = () =>
    Promise.all(
      queries.map(async (query) => {
        const body = { query, limit: 20, params: { exact: true } }
        return (await rest.client.call('POST', '/collections/moved/points/query', body))['result']
      })
    )
  const checkPoints = async () => {
    const asked = { ids: [...expected.keys()], with_vector: true }
    const { result } = await rest.client.call('POST', '/collections/moved/points', asked)
    const found = result as readonly { id: number; vector: number[] }[]
    expect(new Map(found.map(({ id, vector }) => [id, vector]))).toEqual(expected)
  }
  const before = await placedOf('moved')
  expect(before.vectors_on_disk_bytes).toBe(0)
  const first = await answers()

  let isOver = false
  let searches = 0
  const searching = (async () => {
    for (; !isOver; searches++) {
      const body = { query: vectorOf(random), limit: 10 }
      const { result } = await rest.client.call('POST', '/collections/moved/points/query', body)
      expect((result as { points: unknown[] }).points).toHaveLength(10)
    }
  })()
  await rest.client.call('PATCH', '/collections/moved', { vectors: { '': { on_disk: true } } })
  await expect
    .poll(() => onDisk('moved'), { timeout: 60_000 })
    .toBe(3000 * vectorBytes)
    .finally(() => {
      isOver = true
    })
  await searching
  expect(searches).toBeGreaterThan(0)
  const cold = await placedOf('moved')
  expect(cold.vectors_bytes).toBe(before.vectors_bytes - cold.vectors_on_disk_bytes)
  expect(cold.shards.map((shard) => shard.vectors_on_disk_bytes)).toEqual([3000 * vectorBytes])
  expect(scratchBytes()).toBeGreaterThanOrEqual(cold.vectors_on_disk_bytes)
  expect(await answers()).toEqual(first)
  const whole = await memoryNow()
  expect(whole.vectors_on_disk_bytes).toBeGreaterThanOrEqual(cold.vectors_on_disk_bytes)
  expect(whole.process.resident_cold_bytes).toBeLessThanOrEqual(scratchBytes())
  expect(whole.budget.used_bytes - whole.coming_bytes).toBeLessThanOrEqual(
    whole.process.resident_bytes
  )

  // What is written from now on lies there as well.
  await write(2900, 300)
  await rest.client.call('POST', '/collections/moved/points/delete?wait=true', { points: [7] })
  expected.delete(7)
  await checkPoints()
  expect(await onDisk('moved')).toBe(3300 * vectorBytes)
  const second = await answers()
  const completed = async () => {
    const path = '/collections/moved/optimizations?with=completed'
    return (await rest.client.call('GET', path))['result']
  }
  expect(await completed()).toMatchObject({
    completed: [{ optimizer: 'config mismatch', status: 'done' }]
  })

  // `memory` wins over the older word.
  await rest.client.call('PATCH', '/collections/moved', { vectors: { '': { memory: 'cached' } } })
  await expect.poll(() => onDisk('moved'), { timeout: 60_000 }).toBe(0)
  expect(await answers()).toEqual(second)
  await checkPoints()
  await expect.poll(scratchBytes, { timeout: 30_000 }).toBe(0)
  const { config } = (await rest.client.call('GET', '/collections/moved'))['result'] as {
    config: { params: { vectors: object } }
  }
  expect(config.params.vectors).toMatchObject({ on_disk: true, memory: 'cached' })
})

test('P8 each vector lies where its own parameters say, multivectors and added vectors too, and a deletion gives the disk back', {
  timeout: 60_000
}, async () => {
  const random = new Random(testSeed('placement of each vector'))
  const dense = { size, distance: 'Cosine' }
  await rest.client.call('PUT', '/collections/each', {
    vectors: {
      cold: { ...dense, memory: 'cold' },
      older: { ...dense, on_disk: true, datatype: 'float16' },
      cached: { ...dense, on_disk: true, memory: 'cached' },
      plain: dense,
      many: { ...dense, memory: 'cold', multivector_config: { comparator: 'max_sim' } }
    }
  })
  const points = Array.from({ length: 100 }, (_, id) => ({
    id,
    vector: {
      cold: vectorOf(random),
      older: vectorOf(random),
      cached: vectorOf(random),
      plain: vectorOf(random),
      many: [vectorOf(random), vectorOf(random)]
    }
  }))
  await upsert('each', points)
  // Beside each vector of a multivector of unit length stands its norm.
  const ofPoint = vectorBytes + vectorBytes / 2 + 2 * (vectorBytes + 4)
  expect(await onDisk('each')).toBe(100 * ofPoint)
  const body = { query: points[3]?.vector.many, using: 'many', limit: 1 }
  const { result } = await rest.client.call('POST', '/collections/each/points/query', body)
  expect(result).toMatchObject({ points: [{ id: 3 }] })

  // The segment was opened before there was such a vector.
  await rest.client.call('PUT', '/collections/each/vectors/late?wait=true', { dense })
  await rest.client.call('PATCH', '/collections/each', { vectors: { late: { memory: 'cold' } } })
  const late = points.map(({ id }) => ({ id, vector: { late: vectorOf(random) } }))
  await rest.client.call('PUT', '/collections/each/points/vectors?wait=true', { points: late })
  await expect.poll(() => onDisk('each'), { timeout: 30_000 }).toBe(100 * (ofPoint + vectorBytes))

  await rest.client.call('DELETE', '/collections/each')
  await expect.poll(scratchBytes, { timeout: 30_000 }).toBe(0)
})
