import { QdrantClient } from '@qdrant/js-client-rest'
import { expect, test } from 'vitest'
import { restServer } from '../support/rest-server.ts'

const rest = restServer()
const uuid = '5c56c793-69f3-4fbf-87e6-c4bf54c28c26'

test('the unmodified JavaScript client does a day’s work', async () => {
  const client = new QdrantClient({ url: rest.url, checkCompatibility: false })
  expect(
    await client.createCollection('cities', {
      vectors: { size: 2, distance: 'Euclid' },
      shard_number: 2
    })
  ).toBe(true)
  expect(await client.collectionExists('cities')).toEqual({ exists: true })
  const written = await client.upsert('cities', {
    wait: true,
    points: [
      { id: 1, vector: [52.5, 13.4], payload: { name: 'Berlin' } },
      { id: 2, vector: [48.9, 2.4], payload: { name: 'Paris' } },
      { id: uuid, vector: [41.9, 12.5], payload: { name: 'Rome' } }
    ]
  })
  expect(written.status).toBe('completed')
  await client.upsert('cities', {
    wait: true,
    batch: { ids: [4], vectors: [[40.4, -3.7]], payloads: [{ name: 'Madrid' }] }
  })

  const { points } = await client.query('cities', {
    query: [50.1, 8.7],
    limit: 2,
    with_payload: true
  })
  expect(points.map(({ payload }) => payload?.['name'])).toEqual(['Berlin', 'Paris'])
  const found = await client.search('cities', { vector: [41, 12], limit: 1, with_vector: true })
  expect(found[0]).toMatchObject({ id: uuid, vector: [41.9, 12.5] })

  expect(await client.count('cities', { exact: true })).toEqual({ count: 4 })
  const retrieved = await client.retrieve('cities', { ids: [2, 4], with_payload: ['name'] })
  expect(retrieved.map(({ payload }) => payload?.['name'])).toEqual(['Paris', 'Madrid'])
  const page = await client.scroll('cities', { limit: 3 })
  expect(page.points.map(({ id }) => id)).toEqual([1, 2, 4])
  expect(page.next_page_offset).toBe(uuid)

  await client.delete('cities', { wait: true, points: [1, uuid] })
  expect(await client.count('cities')).toEqual({ count: 2 })
  expect((await client.getCollection('cities')).points_count).toBe(2)
  expect((await client.getCollections()).collections).toEqual([{ name: 'cities' }])
  expect(await client.deleteCollection('cities')).toBe(true)
  await expect(client.getCollection('cities')).rejects.toThrow()
})

test('the unmodified JavaScript client changes settings, aliases, and asks about the node', async () => {
  const client = new QdrantClient({ url: rest.url, checkCompatibility: false })
  await client.createCollection('changing', { vectors: { a: { size: 2, distance: 'Dot' } } })
  await client.updateCollection('changing', {
    optimizers_config: { indexing_threshold: 123 },
    vectors: { a: { hnsw_config: { m: 5 } } }
  })
  const { config } = await client.getCollection('changing')
  expect(config.optimizer_config.indexing_threshold).toBe(123)
  expect(config.params.vectors).toEqual({
    a: { size: 2, distance: 'Dot', hnsw_config: { m: 5 } }
  })
  await client.updateCollectionAliases({
    actions: [{ create_alias: { collection_name: 'changing', alias_name: 'current' } }]
  })
  const aliases = [{ alias_name: 'current', collection_name: 'changing' }]
  expect(await client.getAliases()).toEqual({ aliases })
  expect(await client.getCollectionAliases('changing')).toEqual({ aliases })
  expect((await client.getCollection('current')).points_count).toBe(0)
  expect((await client.collectionClusterInfo('changing')).local_shards).toHaveLength(1)
  expect((await client.versionInfo()).version).toBe('1.19.0')
  await client.deleteCollection('changing')
  expect(await client.getAliases()).toEqual({ aliases: [] })
})

test('the unmodified JavaScript client changes points in every way, by id and by filter', async () => {
  const client = new QdrantClient({ url: rest.url, checkCompatibility: false })
  const name = 'operations'
  await client.createCollection(name, {
    vectors: { a: { size: 2, distance: 'Dot' }, b: { size: 2, distance: 'Cosine' } },
    shard_number: 2
  })
  const completed = { status: 'completed', operation_id: expect.any(Number) }
  const even = { must: [{ key: 'even', match: { value: true } }] }
  await client.upsert(name, {
    wait: true,
    points: Array.from({ length: 10 }, (_, id) => ({
      id,
      vector: { a: [id, 1], b: [1, id] },
      payload: { n: id, even: id % 2 === 0, deep: { list: [{ x: id }] } }
    }))
  })

  expect(
    await client.setPayload(name, {
      wait: true,
      payload: { y: 1 },
      key: 'deep.list[]',
      filter: even
    })
  ).toEqual(completed)
  expect(
    await client.overwritePayload(name, { wait: true, payload: { odd: 3 }, points: [3] })
  ).toEqual(completed)
  await client.deletePayload(name, { wait: true, keys: ['deep'], points: [1] })
  await client.clearPayload(name, { wait: true, points: [5] })
  await client.updateVectors(name, { wait: true, points: [{ id: 2, vector: { a: [100, 0] } }] })
  await client.deleteVectors(name, { wait: true, vector: ['b'], filter: even })
  await client.delete(name, {
    wait: true,
    filter: { must: [{ key: 'n', range: { gte: 8 } }], must_not: [{ has_id: [9] }] }
  })
  const page = await client.scroll(name, { limit: 20, with_vector: true })
  expect(page.points.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 9])
  const byId = new Map(page.points.map((point) => [point.id, point]))
  expect(byId.get(2)).toMatchObject({
    vector: { a: [100, 0] },
    payload: { n: 2, even: true, deep: { list: [{ x: 2, y: 1 }] } }
  })
  expect(byId.get(1)?.payload).toEqual({ n: 1, even: false })
  expect(byId.get(3)?.payload).toEqual({ odd: 3 })
  expect(byId.get(5)?.payload).toEqual({})
  expect(Object.keys(byId.get(4)?.vector ?? {})).toEqual(['a'])

  const results = await client.batchUpdate(name, {
    wait: true,
    operations: [
      { upsert: { points: [{ id: 50, vector: { a: [1, 1] }, payload: { n: 50 } }] } },
      {
        set_payload: { payload: { tag: 't' }, filter: { must: [{ key: 'n', range: { gte: 9 } }] } }
      },
      { delete: { points: [0] } }
    ]
  })
  expect(results).toEqual([completed, completed, completed])
  const tagged = { must: [{ key: 'tag', match: { any: ['t', 'u'] } }] }
  expect(await client.count(name, { filter: tagged })).toEqual({ count: 2 })
  await expect(
    client.setPayload(name, { wait: true, payload: {}, points: [777] })
  ).rejects.toThrow()
})

test('the unmodified JavaScript client queries by id, with filters, and in batches', async () => {
  const client = new QdrantClient({ url: rest.url, checkCompatibility: false })
  const name = 'queries'
  await client.createCollection(name, { vectors: { size: 2, distance: 'Euclid' }, shard_number: 3 })
  await client.upsert(name, {
    wait: true,
    points: Array.from({ length: 20 }, (_, id) => ({ id, vector: [id, 0], payload: { id } }))
  })
  const filter = { must: [{ key: 'id', range: { gte: 5 } }] }
  const near = await client.query(name, { query: 5, filter, limit: 2 })
  expect(near.points.map(({ id }) => id)).toEqual([6, 7])
  const listed = await client.query(name, { filter, limit: 3, with_payload: true })
  expect(listed.points.map(({ payload }) => payload?.['id'])).toEqual([5, 6, 7])
  const batch = await client.queryBatch(name, {
    searches: [
      { query: [0, 0], limit: 1 },
      { query: { nearest: 19 }, limit: 1 }
    ]
  })
  expect(batch.map(({ points }) => points[0]?.id)).toEqual([0, 18])
  const found = await client.searchBatch(name, {
    searches: [
      { vector: [3, 0], limit: 1 },
      { vector: [0, 0], limit: 1, filter }
    ]
  })
  expect(found.map(([hit]) => hit?.id)).toEqual([3, 5])
  const page = await client.scroll(name, { filter, limit: 4, offset: 10 })
  expect([page.points.map(({ id }) => id), page.next_page_offset]).toEqual([[10, 11, 12, 13], 14])
  await expect(client.query(name, { query: 99 })).rejects.toThrow()
})
