import { beforeAll, expect, test } from 'vitest'
import { restServer } from '../support/rest-server.ts'

const rest = restServer()
const errorOf = (answer: { body: Record<string, unknown> }) =>
  (answer.body['status'] as { error: string }).error

beforeAll(async () => {
  await rest.client.call('PUT', '/collections/spread', {
    vectors: { size: 1, distance: 'Dot' },
    shard_number: 3
  })
  await rest.client.call('PUT', '/collections/spread/points?wait=true', {
    points: Array.from({ length: 30 }, (_, id) => ({ id, vector: [id] }))
  })
})

test('this node stands alone', async () => {
  expect((await rest.client.call('GET', '/cluster'))['result']).toEqual({ status: 'disabled' })
  const { result } = await rest.client.call('GET', '/cluster/telemetry')
  expect(result).toMatchObject({
    cluster: { enabled: false },
    collections: { spread: { shards: [{ id: 0 }, { id: 1 }, { id: 2 }] } }
  })
})

test('a collection shows its shards, all of them here', async () => {
  interface Cluster {
    readonly peer_id: number
    readonly local_shards: readonly { points_count: number; state: string }[]
  }
  const { result } = await rest.client.call('GET', '/collections/spread/cluster')
  expect(result).toMatchObject({ shard_count: 3, remote_shards: [], shard_transfers: [] })
  const { peer_id: peerId, local_shards: shards } = result as Cluster
  expect(Number.isSafeInteger(peerId) && peerId > 0).toBe(true)
  expect(shards.map(({ state }) => state)).toEqual(['Active', 'Active', 'Active'])
  expect(shards.reduce((sum, { points_count }) => sum + points_count, 0)).toBe(30)
  expect((await rest.client.call('GET', '/collections/spread/shards'))['result']).toEqual({})
  for (const part of ['cluster', 'shards', 'optimizations']) {
    expect((await rest.client.send('GET', `/collections/nothing/${part}`)).status).toBe(404)
  }
})

test.each([
  ['POST', '/cluster/recover', undefined],
  ['DELETE', '/cluster/peer/1', undefined],
  ['GET', '/cluster/metadata/keys', undefined],
  ['PUT', '/cluster/metadata/keys/a', { b: 1 }],
  ['POST', '/collections/spread/cluster', { drop_replica: { shard_id: 0, peer_id: 1 } }],
  ['PUT', '/collections/spread/shards', { shard_key: 'a' }],
  ['POST', '/collections/spread/shards/delete', { shard_key: 'a' }]
])('%s %s needs a cluster', async (method, path, body) => {
  const answer = await rest.client.send(method, path, body)
  expect([answer.status, errorOf(answer)]).toEqual([405, 'Qdrant is running in standalone mode'])
})

test('each shard is one idle segment', async () => {
  const get = async (query: string) =>
    (await rest.client.call('GET', `/collections/spread/optimizations${query}`))[
      'result'
    ] as Record<string, unknown>
  const summary = {
    queued_optimizations: 0,
    queued_segments: 0,
    queued_points: 0,
    idle_segments: 3
  }
  expect(await get('')).toEqual({ summary, running: [] })
  const all = await get(`?with=${encodeURIComponent(' queued, completed ,idle_segments')}`)
  expect(Object.keys(all).sort()).toEqual([
    'completed',
    'idle_segments',
    'queued',
    'running',
    'summary'
  ])
  const segments = all['idle_segments'] as { uuid: string; points_count: number }[]
  expect(segments.reduce((sum, { points_count }) => sum + points_count, 0)).toBe(30)
  expect(new Set(segments.map(({ uuid }) => uuid)).size).toBe(3)
  expect(await get('?with=idle_segments')).toMatchObject({ idle_segments: segments })
  const path = '/collections/spread/optimizations?with=queued,nope'
  const answer = await rest.client.send('GET', path)
  expect([answer.status, errorOf(answer)]).toEqual([
    400,
    "Wrong input: Unknown field in 'with' parameter: nope"
  ])
})
