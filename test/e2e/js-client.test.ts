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
