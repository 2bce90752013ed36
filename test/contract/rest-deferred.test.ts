/** `prevent_unoptimized`: points that no graph leads to are durable and not shown, but for as many as need none. */
import { expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import { restServer } from '../support/rest-server.ts'
import { testSeed } from '../support/seed.ts'

const rest = restServer()
const size = 25
const points = 2_000
/** 10 KiB of vectors of 100 bytes. */
const shown = 103
const collection = 'deferred'
const path = (suffix = '') => `/collections/${collection}${suffix}`

const random = new Random(testSeed('deferred points'))
const vectorOf = () => Array.from({ length: size }, () => random.next() - 0.5)

async function ask<Result>(method: string, suffix: string, body?: object): Promise<Result> {
  return (await rest.client.call(method, path(suffix), body))['result'] as Result
}

interface Info {
  readonly status: string
  readonly warnings?: readonly { readonly message: string }[]
  readonly points_count: number
  readonly indexed_vectors_count: number
  readonly update_queue: { readonly length: number; readonly deferred_points?: number }
}

const infoOf = () => ask<Info>('GET', '')
const countOf = async () =>
  (await ask<{ count: number }>('POST', '/points/count', { exact: true })).count
const scroll = () =>
  ask<{ points: { id: number; payload: Record<string, unknown> }[] }>('POST', '/points/scroll', {
    limit: points
  })

async function segmentOf(): Promise<{ num_points: number; num_deferred_points: number }> {
  const { result } = await rest.client.call('GET', '/telemetry?details_level=10')
  const { collections } = result as {
    collections: {
      collections: {
        id: string
        shards: { local: { segments: { info: Awaited<ReturnType<typeof segmentOf>> }[] } }[]
      }[]
    }
  }
  const info = collections.collections.find(({ id }) => id === collection)?.shards[0]?.local
    .segments[0]?.info
  if (info === undefined) throw new Error('no segment')
  return info
}

test('P1 without an optimizer as many points are shown as need no graph, to every kind of read alike', async () => {
  await ask('PUT', '', {
    vectors: { size, distance: 'Euclid' },
    optimizers_config: {
      indexing_threshold: 10,
      max_optimization_threads: 0,
      prevent_unoptimized: true
    }
  })
  for (let first = 0; first < points; first += 250) {
    const batch = Array.from({ length: 250 }, (_, index) => ({
      id: first + index,
      vector: vectorOf(),
      payload: { first }
    }))
    await ask('PUT', '/points', { points: batch })
  }
  await expect.poll(async () => (await infoOf()).points_count).toBe(points)

  const info = await infoOf()
  expect(info.update_queue.deferred_points).toBe(points - shown)
  expect(info.indexed_vectors_count).toBe(0)
  expect(info.status).toBe('grey')
  expect(info.warnings?.[0]?.message).toContain('max_optimization_threads')
  expect(await countOf()).toBe(shown)
  expect((await scroll()).points.map(({ id }) => id)).toEqual(
    Array.from({ length: shown }, (_, id) => id)
  )
  const { num_points: all, num_deferred_points: deferred } = await segmentOf()
  expect(all - deferred).toBe(shown)
  const metrics = await fetch(`http://127.0.0.1:${rest.port}/metrics`)
  expect(await metrics.text()).toContain(
    `collection_update_queue_deferred_points{id="${collection}"} ${points - shown}`
  )
  const query = { query: vectorOf(), limit: points }
  for (const params of [{ exact: true }, {}]) {
    const found = await ask<{ points: unknown[] }>('POST', '/points/query', { ...query, params })
    expect(found.points).toHaveLength(shown)
  }
  const answer = await rest.client.send('GET', path(`/points/${points - 1}`))
  expect(answer.status).toBe(404)
})

test('what is done to deferred points is deferred too, and a write that waits says that its time is up', async () => {
  const ids = [3, points - 1]
  const body = { payload: { set: true }, points: ids }
  const result = await ask<{ status: string }>('POST', '/points/payload?wait=true&timeout=1', body)
  expect(result.status).toBe('wait_timeout')
  const seen = await ask<{ id: number; payload: object }[]>('POST', '/points', {
    ids,
    with_payload: true
  })
  expect(seen).toEqual([expect.objectContaining({ id: 3, payload: { first: 0 } })])
  const wrong = await rest.client.send('PUT', path('/points?wait=true'), {
    points: [{ id: 1, vector: [1, 2] }]
  })
  expect(wrong.status, 'a refusal does not wait').toBe(400)
})

test('once the optimizer may work everything is shown, with what was done to it, and writes wait for that', {
  timeout: 60_000
}, async () => {
  await ask('PATCH', '', { optimizers_config: { max_optimization_threads: 1 } })
  await expect.poll(countOf, { timeout: 30_000 }).toBe(points)
  await expect.poll(async () => (await infoOf()).status, { timeout: 30_000 }).toBe('green')
  const found = await scroll()
  expect(found.points.filter(({ payload }) => payload['set']).map(({ id }) => id)).toEqual([
    3,
    points - 1
  ])
  const info = await infoOf()
  expect(info.update_queue.deferred_points).toBe(0)
  expect(info.indexed_vectors_count).toBe(points)
  for (let round = 0; round < 10; round++) {
    const first = points + round * 200
    const batch = Array.from({ length: 200 }, (_, index) => ({
      id: first + index,
      vector: vectorOf()
    }))
    const result = await ask<{ status: string }>('PUT', '/points?wait=true', { points: batch })
    expect(result.status).toBe('completed')
    expect(await countOf()).toBe(first + 200)
  }
})

test('a collection that no longer wants it shows everything at once', async () => {
  await ask('PATCH', '', { optimizers_config: { max_optimization_threads: 0 } })
  const batch = Array.from({ length: 500 }, (_, index) => ({
    id: 10_000 + index,
    vector: vectorOf()
  }))
  const before = await countOf()
  await ask('PUT', '/points', { points: batch })
  await expect.poll(async () => (await infoOf()).points_count).toBe(before + 500)
  expect(await countOf()).toBeLessThan(before + 500)
  await ask('PATCH', '', { optimizers_config: { prevent_unoptimized: false } })
  await expect.poll(countOf).toBe(before + 500)
  expect((await infoOf()).update_queue.deferred_points).toBeUndefined()
})
