import { expect, test } from 'vitest'
import { natsService } from '../support/nats-service.ts'

const service = natsService()

test('a collection is made, filled and searched over NATS alone', async () => {
  const collection = 'first words'
  const body = { vectors: { size: 2, distance: 'Dot' } }
  expect(await service.ask('create_collection', { collection, body })).toMatchObject({
    status: 200,
    body: { result: true, status: 'ok' }
  })
  const points = [
    { id: 1, vector: [1, 0], payload: { word: 'one' } },
    { id: 2, vector: [0, 1] }
  ]
  const written = await service.ask('upsert', {
    collection,
    body: { points },
    parameters: { wait: true }
  })
  expect(written).toMatchObject({ status: 200, body: { result: { status: 'completed' } } })
  const found = await service.ask('query', { collection, body: { query: [1, 0.5], limit: 2 } })
  expect(found.body).toMatchObject({ result: { points: [{ id: 1 }, { id: 2 }] }, status: 'ok' })
})
