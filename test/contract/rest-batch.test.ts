import { beforeEach, expect, test } from 'vitest'
import { restServer } from '../support/rest-server.ts'

const rest = restServer()
const points = '/collections/c/points'
type Body = Record<string, unknown>
const errorOf = (answer: { body: Body }) => (answer.body['status'] as { error: string }).error

const batch = (operations: unknown, query = 'wait=true') =>
  rest.client.send('POST', `${points}/batch?${query}`, { operations })

async function stored(): Promise<Record<string, Body>> {
  const answer = await rest.client.call('POST', `${points}/scroll`, {
    limit: 100,
    with_vector: true
  })
  const { points: records } = answer['result'] as { points: { id: number }[] }
  return Object.fromEntries(records.map(({ id, ...rest }) => [String(id), rest]))
}

const plain = (ids: readonly number[]) =>
  ids.map((id) => ({ id, vector: [id, 1], payload: { id } }))

beforeEach(async () => {
  await rest.client.call('DELETE', '/collections/c')
  await rest.client.call('PUT', '/collections/c', {
    vectors: { size: 2, distance: 'Dot' },
    shard_number: 3
  })
})

test('all operations of a batch are applied in order, and each has a result', async () => {
  const answer = await batch([
    { upsert: { points: plain([1, 2, 3, 4, 5]) } },
    { set_payload: { payload: { tag: 'x' }, filter: { must: { key: 'id', range: { gte: 3 } } } } },
    { delete: { points: [1] } },
    { upsert: { batch: { ids: [1], vectors: [[9, 9]], payloads: [{ again: true }] } } },
    { overwrite_payload: { payload: { only: 1 }, points: [2] } },
    { delete_payload: { keys: ['id'], points: [3] } },
    { clear_payload: { points: [4] } },
    { update_vectors: { points: [{ id: 5, vector: [7, 7] }] } },
    { delete_vectors: { vector: [''], points: [3] } },
    {
      delete: {
        filter: { must: { is_empty: { key: 'none' } }, must_not: { has_id: [1, 2, 3, 5] } }
      }
    }
  ])
  expect(answer.status).toBe(200)
  const results = answer.body['result'] as Body[]
  expect(results).toHaveLength(10)
  for (const result of results) {
    expect(result).toEqual({ operation_id: expect.any(Number), status: 'completed' })
  }
  expect(await stored()).toEqual({
    1: { vector: [9, 9], payload: { again: true } },
    2: { vector: [2, 1], payload: { only: 1 } },
    3: { vector: {}, payload: { tag: 'x' } },
    5: { vector: [7, 7], payload: { id: 5, tag: 'x' } }
  })
})

test('an empty batch is right and does nothing', async () => {
  const answer = await batch([])
  expect([answer.status, answer.body['result']]).toEqual([200, []])
})

test('with wait=false every operation is acknowledged', async () => {
  const operations = [{ upsert: { points: plain([1]) } }, { delete: { points: [2] } }]
  const answer = await batch(operations, 'wait=false')
  expect(answer.body['result']).toMatchObject([
    { status: 'acknowledged' },
    { status: 'acknowledged' }
  ])
})

test('the first failure ends a batch, and what came before stays', async () => {
  const answer = await batch([
    { upsert: { points: plain([1]) } },
    { set_payload: { payload: { a: 1 }, points: [1, 1] } },
    { clear_payload: { points: [1] } },
    { update_vectors: { points: [{ id: 1, vector: [3, 3] }] } },
    { delete_vectors: { vector: [''], points: [1] } }
  ])
  expect(answer.status).toBe(200)
  // Ids of one shard: the failure of one shard does not end the others.
  const failed = await batch([
    { set_payload: { payload: { before: true }, points: [1] } },
    { delete: { points: [1] } },
    { set_payload: { payload: { a: 1 }, points: [1] } },
    { upsert: { points: plain([1]) } }
  ])
  expect([failed.status, errorOf(failed)]).toEqual([404, 'Not found: No point with id 1 found'])
  expect(await stored()).toEqual({})
})

test.each([
  [
    [{ upsert: { points: [{ id: 1, vector: [] }] } }],
    422,
    '[operations[1].upsert.points[0].vector: dense vector must not be empty]'
  ],
  [
    [{ update_vectors: { points: [{ id: 1, vector: {} }] } }],
    422,
    '[operations[1].update_vectors.points[0].vector: must specify vectors'
  ],
  [
    [{ delete: { filter: { must: [{ key: 'a' }] } } }],
    422,
    '[operations[1].delete.filter.must[0]: At least one field condition must be specified]'
  ],
  [
    [{ upsert: { points: [], update_filter: { must: { key: 'a' } } } }],
    422,
    '[operations[1].upsert.update_filter.must: At least one'
  ],
  [
    [{ delete_vectors: { vector: [], points: [1] } }],
    422,
    'operations[1].delete_vectors.vector: must specify vector names'
  ],
  [[{ set_payload: { payload: {} } }], 400, 'Either list of point ids or filter must be provided'],
  [
    [{ upsert: { points: [{ id: 1, vector: [1, 2, 3] }] } }],
    400,
    'Wrong input: Vector dimension error: expected dim: 2, got 3'
  ],
  [[{ nothing: {} }], 400, 'operations[1]: expected an object with one of the keys'],
  [['upsert'], 400, 'operations[1]: expected an object']
])('a batch with %j is refused with %i before anything is written', async (wrong, status, text) => {
  const answer = await batch([{ upsert: { points: plain([1]) } }, ...wrong])
  expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(text)])
  expect(await stored()).toEqual({})
})

test.each(['{}', '[]', '{"operations":7}', '{"operations":[', '', '7'])(
  'the body %s is no batch',
  async (body) => {
    const answer = await rest.client.send('POST', `${points}/batch`, body)
    expect([answer.status, errorOf(answer)]).toEqual([
      400,
      expect.stringContaining('Format error in JSON body: ')
    ])
  }
)

test('a batch that is too large for one record is refused by the name of the limit', async () => {
  const payload = { text: 'x'.repeat(5 << 20) }
  const answer = await batch([
    { set_payload: { payload, filter: {} } },
    { set_payload: { payload, filter: {} } }
  ])
  expect([answer.status, errorOf(answer)]).toEqual([
    400,
    expect.stringContaining('limits.recordBytes')
  ])
})
