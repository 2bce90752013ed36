import { expect, test } from 'vitest'
import type { ActorFacts } from '../../src/domain/node-port.ts'
import type { OptimizerFacts } from '../../src/domain/optimization.ts'
import { Random } from '../support/random.ts'
import { restServer } from '../support/rest-server.ts'
import { testSeed } from '../support/seed.ts'

const rest = restServer()
const size = 24

interface Info {
  readonly status: string
  readonly warnings?: readonly { message: string }[]
  readonly indexed_vectors_count: number
  readonly points_count: number
}

interface Optimizations {
  readonly summary: Record<string, number>
  readonly running: readonly { optimizer: string; status: string }[]
  readonly completed?: readonly { optimizer: string; status: unknown }[]
}

interface Shown {
  readonly digest: string
  readonly memoryBytes: number
  readonly points: string
  readonly optimizer: OptimizerFacts
}

async function shardOf(collection: string): Promise<Shown> {
  const { result } = await rest.client.call('GET', '/millrace/replicas')
  const all = result as { collection: string; shards: Shown[] }[]
  const [shard] = all.find((one) => one.collection === collection)?.shards ?? []
  if (shard === undefined) throw new Error(`${collection} has no shard`)
  return shard
}

async function infoOf(collection: string): Promise<Info> {
  return (await rest.client.call('GET', `/collections/${collection}`))['result'] as Info
}

async function optimizationsOf(collection: string): Promise<Optimizations> {
  const path = `/collections/${collection}/optimizations?with=queued,completed,idle_segments`
  return (await rest.client.call('GET', path))['result'] as Optimizations
}

/** Components in 1/256: whatever is done with them, the text is the same again. */
function vectorOf(random: Random): number[] {
  return Array.from({ length: size }, () => Math.floor(random.next() * 256 - 128) / 256)
}

function upsert(collection: string, points: readonly object[]) {
  return rest.client.call('PUT', `/collections/${collection}/points?wait=true`, { points })
}

test('overwritten points are vacuumed: rows and memory shrink, every point is right under concurrent writes, and the digest is that of a replay', {
  timeout: 120_000
}, async () => {
  const random = new Random(testSeed('vacuum over REST'))
  const vectors = { size, distance: 'Dot' }
  await rest.client.call('PUT', '/collections/vacuumed', {
    vectors,
    // Until the writes are done nothing is built, so that what is dead can be seen.
    optimizers_config: { max_optimization_threads: 0, vacuum_min_vector_number: 1000 }
  })
  const expected = new Map<number, { vector: number[]; round: number }>()
  for (let round = 0; round < 5; round++) {
    for (let first = 0; first < 5000; first += 1000) {
      const points = Array.from({ length: 1000 }, (_, index) => {
        const vector = vectorOf(random)
        expected.set(first + index, { vector, round })
        return { id: first + index, vector, payload: { round } }
      })
      await upsert('vacuumed', points)
    }
  }
  const before = await shardOf('vacuumed')
  expect(before.optimizer.rows).toBe(25_000)
  const grey = await infoOf('vacuumed')
  expect(grey.status).toBe('grey')
  expect(grey.warnings?.[0]?.message).toContain('20000 of 25000 rows are dead')

  await rest.client.call('PATCH', '/collections/vacuumed', {
    optimizers_config: { max_optimization_threads: 1 }
  })
  // Meanwhile points are overwritten and deleted, and every search finds as many as it asks for.
  let isVacuumed = false
  const writing = (async () => {
    for (let round = 5; !isVacuumed || round < 25; round++) {
      const points = Array.from({ length: 20 }, () => {
        const id = Math.floor(random.next() * 4990)
        const vector = vectorOf(random)
        expected.set(id, { vector, round })
        return { id, vector, payload: { round } }
      })
      // Of an id that comes twice in a request the last one counts.
      await upsert('vacuumed', points)
      const query = { query: vectorOf(random), limit: 10 }
      const { result } = await rest.client.call('POST', '/collections/vacuumed/points/query', query)
      expect((result as { points: unknown[] }).points).toHaveLength(10)
    }
  })()
  const deleted = Array.from({ length: 10 }, (_, index) => 4990 + index)
  await rest.client.call('POST', '/collections/vacuumed/points/delete?wait=true', {
    points: deleted
  })
  for (const id of deleted) expected.delete(id)
  const isOver = async () => (await shardOf('vacuumed')).optimizer.done
  await expect
    .poll(isOver, { timeout: 60_000 })
    .toBeGreaterThan(0)
    .finally(() => {
      isVacuumed = true
    })
  await writing

  const after = await shardOf('vacuumed')
  expect(after.optimizer.rows).toBeLessThan(10_000)
  expect(after.memoryBytes).toBeLessThan(before.memoryBytes / 2)
  expect(Number(after.points)).toBe(expected.size)
  const ids = [...expected.keys()]
  const asked = { ids, with_payload: true, with_vector: true }
  const { result } = await rest.client.call('POST', '/collections/vacuumed/points', asked)
  const found = result as { id: number; vector: number[]; payload: { round: number } }[]
  expect(found).toHaveLength(ids.length)
  for (const { id, vector, payload } of found) {
    expect({ vector, round: payload.round }).toEqual(expected.get(id))
  }
  expect((await optimizationsOf('vacuumed')).completed).toContainEqual(
    expect.objectContaining({ optimizer: 'vacuum', status: 'done' })
  )
  // The whole log applied to an empty shard is what the vacuumed one holds.
  const rebuilt = await rest.client.call('POST', '/millrace/collections/vacuumed/shards/0/rebuild')
  expect(rebuilt['result']).toMatchObject({ from: '0', equal: true, swapped: true })
})

test('deleted_threshold and vacuum_min_vector_number decide what is vacuumed', {
  timeout: 60_000
}, async () => {
  const random = new Random(testSeed('vacuum thresholds'))
  const fill = async (name: string, optimizers_config: object) => {
    const vectors = { size, distance: 'Dot' }
    await rest.client.call('PUT', `/collections/${name}`, { vectors, optimizers_config })
    for (let round = 0; round < 2; round++) {
      const points = Array.from({ length: 600 }, (_, id) => ({ id, vector: vectorOf(random) }))
      await upsert(name, points)
    }
  }
  await fill('small', { vacuum_min_vector_number: 1201 })
  await fill('tolerant', { vacuum_min_vector_number: 100, deleted_threshold: 0.5 })
  await fill('strict', { vacuum_min_vector_number: 100, deleted_threshold: 0.49 })
  const rows = async (name: string) => (await shardOf(name)).optimizer.rows
  await expect.poll(() => rows('strict'), { timeout: 30_000 }).toBe(600)
  expect([await rows('small'), await rows('tolerant')]).toEqual([1200, 1200])
})

test('a patch of m has the graph built anew beside the one that answers: recall rises, and no search fails', {
  timeout: 120_000
}, async () => {
  const random = new Random(testSeed('re-index over REST'))
  const count = 6000
  const stored = Array.from({ length: count }, () => vectorOf(random))
  await rest.client.call('PUT', '/collections/reindexed', {
    vectors: { size, distance: 'Euclid' },
    hnsw_config: { m: 4, ef_construct: 8 },
    optimizers_config: { indexing_threshold: 1 }
  })
  for (let first = 0; first < count; first += 1000) {
    const points = stored
      .slice(first, first + 1000)
      .map((vector, index) => ({ id: first + index, vector }))
    await upsert('reindexed', points)
  }
  const status = async () => (await infoOf('reindexed')).status
  await expect.poll(status, { timeout: 60_000 }).toBe('green')
  expect((await infoOf('reindexed')).indexed_vectors_count).toBe(count)
  const before = await recallOf('reindexed', random)
  const { digest } = await shardOf('reindexed')

  let isOver = false
  let searches = 0
  const searching = (async () => {
    for (; !isOver; searches++) {
      const body = { query: vectorOf(random), limit: 10, params: { hnsw_ef: 10 } }
      const { result } = await rest.client.call('POST', '/collections/reindexed/points/query', body)
      expect((result as { points: unknown[] }).points).toHaveLength(10)
    }
  })()
  const seen = new Set<string>()
  const watching = (async () => {
    while (!isOver) {
      const { result } = await rest.client.call('GET', '/millrace/actors')
      for (const { kind, collection, state } of result as readonly ActorFacts[]) {
        if (collection === 'reindexed') seen.add(`${kind} ${state}`)
      }
    }
  })()
  await rest.client.call('PATCH', '/collections/reindexed', {
    hnsw_config: { m: 48, ef_construct: 200 }
  })
  const done = async () => (await shardOf('reindexed')).optimizer.done
  await expect
    .poll(done, { timeout: 60_000 })
    .toBe(1)
    .finally(() => {
      isOver = true
    })
  await Promise.all([searching, watching])
  expect(searches).toBeGreaterThan(0)
  expect([...seen]).toEqual(
    expect.arrayContaining(['segment {loaded:optimizing}', 'optimizer {building:growing}'])
  )
  await expect.poll(status, { timeout: 60_000 }).toBe('green')
  expect((await optimizationsOf('reindexed')).completed).toMatchObject([
    { optimizer: 'config mismatch', status: 'done' }
  ])
  const after = await shardOf('reindexed')
  expect(after.digest).toBe(digest)
  expect(after.optimizer.indexedVectors).toBe(count)
  const recall = await recallOf('reindexed', random)
  expect(recall).toBeGreaterThan(before + 0.1)
})

/** Share of the ten nearest that a search with few candidates finds. */
async function recallOf(collection: string, random: Random): Promise<number> {
  let found = 0
  for (let round = 0; round < 100; round++) {
    const query = vectorOf(random)
    const ask = async (params: object) => {
      const body = { query, limit: 10, params }
      const path = `/collections/${collection}/points/query`
      const { result } = await rest.client.call('POST', path, body)
      return (result as { points: { id: number }[] }).points.map(({ id }) => id)
    }
    const exact = new Set(await ask({ exact: true }))
    found += (await ask({ hnsw_ef: 10 })).filter((id) => exact.has(id)).length
  }
  return found / 1000
}

test('an indexing threshold of 0 takes the graph away, and a later one brings it back', {
  timeout: 60_000
}, async () => {
  const random = new Random(testSeed('indexing threshold'))
  const points = Array.from({ length: 2000 }, (_, id) => ({ id, vector: vectorOf(random) }))
  await rest.client.call('PUT', '/collections/switched', {
    vectors: { size, distance: 'Dot' },
    optimizers_config: { indexing_threshold: 0 }
  })
  await upsert('switched', points)
  const indexed = async () => (await infoOf('switched')).indexed_vectors_count
  expect(await indexed()).toBe(0)
  const threshold = (indexing_threshold: number) =>
    rest.client.call('PATCH', '/collections/switched', {
      optimizers_config: { indexing_threshold }
    })
  await threshold(1)
  await expect.poll(indexed, { timeout: 30_000 }).toBe(2000)
  await threshold(0)
  await expect.poll(indexed, { timeout: 30_000 }).toBe(0)
})

test('the metrics page counts rows, waiting vectors, and what optimizers have done', async () => {
  const text = await (await fetch(`${rest.url}/metrics`)).text()
  expect(text).toMatch(/millrace_shard_rows\{collection="strict",shard="0"\} 600/)
  expect(text).toMatch(/millrace_shard_vectors_waiting\{collection="strict",shard="0"\} 0/)
  expect(text).toMatch(/millrace_optimizations_done\{collection="strict",shard="0"\} 1/)
  expect(text).toMatch(/millrace_optimizations_failed\{collection="strict",shard="0"\} 0/)
})
