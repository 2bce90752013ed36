import { beforeEach, expect, test } from 'vitest'
import { restServer } from '../support/rest-server.ts'

const rest = restServer()
const uuid = '5c56c793-69f3-4fbf-87e6-c4bf54c28c26'

type Body = Record<string, unknown>
const errorOf = (answer: { body: Body }) => (answer.body['status'] as { error: string }).error
const resultOf = (answer: { body: Body }) => answer.body['result']

const points = '/collections/c/points'
const named = '/collections/n/points'

async function send(method: string, path: string, body: unknown) {
  return rest.client.send(method, `${path}?wait=true`, body)
}

/** All points by id, as `points/scroll` shows them. */
async function stored(path = points): Promise<Record<string, Body>> {
  const answer = await rest.client.call('POST', `${path}/scroll`, {
    limit: 100,
    with_vector: true
  })
  const { points: records } = answer['result'] as { points: { id: number | string }[] }
  return Object.fromEntries(records.map(({ id, ...rest }) => [String(id), rest]))
}

async function payloadOf(id: number | string): Promise<unknown> {
  return (await stored())[String(id)]?.['payload']
}

beforeEach(async () => {
  for (const name of ['c', 'n']) await rest.client.call('DELETE', `/collections/${name}`)
  await rest.client.call('PUT', '/collections/c', {
    vectors: { size: 2, distance: 'Dot' },
    shard_number: 3
  })
  await rest.client.call('PUT', '/collections/n', {
    vectors: { a: { size: 2, distance: 'Dot' }, b: { size: 3, distance: 'Cosine' } },
    shard_number: 2
  })
  await rest.client.call('PUT', `${points}?wait=true`, {
    points: [
      { id: 1, vector: [1, 0], payload: { city: 'Berlin', n: 1, tags: ['x', 'y'] } },
      { id: 2, vector: [0, 1], payload: { city: 'Paris', n: 2 } },
      { id: 3, vector: [1, 1] },
      { id: uuid, vector: [2, 2], payload: { city: 'Rome', n: 4, deep: { a: { b: 1 } } } }
    ]
  })
  await rest.client.call('PUT', `${named}?wait=true`, {
    points: [
      { id: 1, vector: { a: [1, 2], b: [0, 3, 4] }, payload: { k: 1 } },
      { id: 2, vector: { a: [3, 4] }, payload: { k: 2 } }
    ]
  })
})

const match = (key: string, value: unknown) => ({ must: [{ key, match: { value } }] })

test('set merges at the top, keeps positions, and null removes', async () => {
  const answer = await send('POST', `${points}/payload`, {
    payload: { n: 10, city: null, extra: null, added: [1.0, 2] },
    points: [1, uuid]
  })
  expect(answer).toMatchObject({
    status: 200,
    body: { result: { status: 'completed', operation_id: expect.any(Number) }, status: 'ok' }
  })
  expect(JSON.stringify(await payloadOf(1))).toBe('{"n":10,"tags":["x","y"],"added":[1,2]}')
  expect(JSON.stringify(await payloadOf(uuid))).toBe('{"n":10,"deep":{"a":{"b":1}},"added":[1,2]}')
  expect(await payloadOf(2)).toEqual({ city: 'Paris', n: 2 })
})

test('numbers keep their spelling on their way into a payload', async () => {
  await send(
    'POST',
    `${points}/payload`,
    '{"payload":{"n":1.50,"big":12345678901234567890123},"points":[3]}'
  )
  await send(
    'POST',
    `${points}/batch`,
    '{"operations":[{"overwrite_payload":{"points":[2],"payload":{ "m": 1E+2 }}}]}'
  )
  const text = await new Promise<string>((resolve) => {
    void fetch(`${rest.url}${points}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ids: [3, 2], with_payload: true })
    }).then(async (response) => resolve(await response.text()))
  })
  expect(text).toContain('{"n":1.50,"big":12345678901234567890123}')
  expect(text).toContain('{"m":1E+2}')
})

test('set with a key merges into the object there and makes it when it is missing', async () => {
  await send('POST', `${points}/payload`, { payload: { c: 2 }, key: 'deep.a', points: [uuid, 3] })
  expect(await payloadOf(uuid)).toMatchObject({ deep: { a: { b: 1, c: 2 } } })
  expect(await payloadOf(3)).toEqual({ deep: { a: { c: 2 } } })
})

test('overwrite replaces the payload and keeps nulls', async () => {
  await send('PUT', `${points}/payload`, { payload: { x: null }, points: [1], key: 'ignored' })
  expect(await payloadOf(1)).toEqual({ x: null })
})

test('keys are deleted by path, and unknown ones are fine', async () => {
  await send('POST', `${points}/payload/delete`, {
    keys: ['n', 'deep.a.b', 'tags[]', 'nope.x'],
    points: [1, uuid]
  })
  expect(await payloadOf(1)).toEqual({ city: 'Berlin', tags: [] })
  expect(await payloadOf(uuid)).toEqual({ city: 'Rome', deep: { a: {} } })
})

test('payloads are cleared', async () => {
  await send('POST', `${points}/payload/clear`, { points: [1] })
  await send('POST', `${points}/payload/clear`, { filter: match('city', 'Rome') })
  expect([await payloadOf(1), await payloadOf(2), await payloadOf(uuid)]).toEqual([
    {},
    { city: 'Paris', n: 2 },
    {}
  ])
})

test('payload operations go by filter too, and a list of points wins over it', async () => {
  await send('POST', `${points}/payload`, {
    payload: { seen: true },
    filter: { must: [{ key: 'n', range: { gte: 2 } }] }
  })
  expect(await payloadOf(1)).not.toHaveProperty('seen')
  expect(await payloadOf(2)).toHaveProperty('seen', true)
  expect(await payloadOf(uuid)).toHaveProperty('seen', true)
  await send('PUT', `${points}/payload`, { payload: {}, points: [2], filter: {} })
  expect(await payloadOf(1)).toHaveProperty('city')
  expect(await payloadOf(2)).toEqual({})
  const none = await send('POST', `${points}/payload`, {
    payload: { a: 1 },
    filter: match('city', 'Oslo')
  })
  expect(none.status).toBe(200)
})

test('of points that do not exist the first is named, and the others are written', async () => {
  for (const [method, path, body] of [
    ['POST', '/payload', { payload: { set: 1 }, points: [77, 1, 2] }],
    ['PUT', '/payload', { payload: { over: 1 }, points: [77, 1] }],
    ['POST', '/payload/delete', { keys: ['over'], points: [77, 1] }],
    ['POST', '/payload/clear', { points: [77, 2] }],
    ['PUT', '/vectors', { points: [{ id: 77, vector: [1, 1] }] }],
    ['POST', '/vectors/delete', { vector: [''], points: [77] }]
  ] as const) {
    const answer = await send(method, `${points}${path}`, body)
    expect([answer.status, errorOf(answer)]).toEqual([404, 'Not found: No point with id 77 found'])
  }
  expect([await payloadOf(1), await payloadOf(2)]).toEqual([{}, {}])
  // Nobody waits for what apply finds.
  const unseen = await rest.client.send('POST', `${points}/payload?wait=false`, {
    payload: { a: 1 },
    points: [77]
  })
  expect(unseen).toMatchObject({ status: 200, body: { result: { status: 'acknowledged' } } })
})

test('points are deleted by filter', async () => {
  await send('POST', `${points}/delete`, { filter: match('city', 'Berlin') })
  expect(Object.keys(await stored())).toEqual(['2', '3', uuid])
  await send('POST', `${points}/delete`, { filter: { must: [{ has_id: [3, 99] }] } })
  expect(Object.keys(await stored())).toEqual(['2', uuid])
  await send('POST', `${points}/delete`, { filter: {} })
  expect(await stored()).toEqual({})
})

test('vectors are replaced by name and the rest of a point stays', async () => {
  const answer = await send('PUT', `${named}/vectors`, {
    points: [
      { id: 1, vector: { a: [9, 9] } },
      { id: 2, vector: { b: [0, 0, 2] } },
      { id: 2, vector: { a: [5, 6], b: [0, 2, 0] } }
    ]
  })
  expect(resultOf(answer)).toMatchObject({ status: 'completed' })
  const after = await stored(named)
  expect(after['1']).toMatchObject({ vector: { a: [9, 9] }, payload: { k: 1 } })
  expect(after['2']).toMatchObject({ vector: { a: [5, 6], b: [0, 1, 0] }, payload: { k: 2 } })
})

test('vectors are updated only where the condition holds', async () => {
  await send('PUT', `${named}/vectors`, {
    points: [
      { id: 1, vector: { a: [7, 7] } },
      { id: 2, vector: { a: [7, 7] } }
    ],
    update_filter: match('k', 2)
  })
  const after = await stored(named)
  expect(after['1']).toMatchObject({ vector: { a: [1, 2] } })
  expect(after['2']).toMatchObject({ vector: { a: [7, 7] } })
})

test('a vector is deleted from points by id and by filter, and is found no more', async () => {
  await send('POST', `${named}/vectors/delete`, {
    vector: ['a'],
    points: [1],
    filter: match('k', 2)
  })
  const after = await stored(named)
  expect(Object.keys(after['1']?.['vector'] as object)).toEqual(['b'])
  expect(after['2']).toEqual({ vector: {}, payload: { k: 2 } })
  const found = await rest.client.call('POST', `${named}/query`, { query: [1, 1], using: 'a' })
  expect(found['result']).toEqual({ points: [] })
  const counted = await rest.client.call('POST', `${named}/count`, {
    filter: { must_not: [{ has_vector: 'a' }], must: [{ has_vector: 'b' }] }
  })
  expect(counted['result']).toEqual({ count: 1 })
})

test('an upsert inserts only, updates only, or replaces where a condition holds', async () => {
  const upsert = (modes: Body) =>
    send('PUT', points, {
      points: [
        { id: 1, vector: [5, 5], payload: { by: modes } },
        { id: 50, vector: [5, 5], payload: { by: modes } }
      ],
      ...modes
    })
  await upsert({ update_mode: 'update_only' })
  expect(await payloadOf(1)).toHaveProperty('by.update_mode', 'update_only')
  expect(await payloadOf(50)).toBeUndefined()
  await upsert({ update_mode: 'insert_only', update_filter: { must: [{ has_id: [] }] } })
  expect(await payloadOf(1)).toHaveProperty('by.update_mode', 'update_only')
  expect(await payloadOf(50)).toHaveProperty('by.update_mode', 'insert_only')
  await upsert({ update_filter: match('by.update_mode', 'insert_only'), batch: null })
  expect(await payloadOf(1)).toHaveProperty('by.update_mode', 'update_only')
  expect(await payloadOf(50)).toHaveProperty('by.update_filter')
  await send('PUT', points, {
    batch: {
      ids: [1, 2, 60],
      vectors: [
        [0, 0],
        [0, 0],
        [0, 0]
      ]
    },
    update_mode: 'update_only',
    update_filter: { must: [{ key: 'city', match: { value: 'Paris' } }] }
  })
  expect(await payloadOf(1)).toHaveProperty('by')
  expect(await payloadOf(2)).toEqual({})
  expect(await payloadOf(60)).toBeUndefined()
})

test.each([
  [
    'POST',
    '/payload',
    { payload: { a: 1 } },
    400,
    'Either list of point ids or filter must be provided'
  ],
  [
    'PUT',
    '/payload',
    { payload: { a: 1 } },
    400,
    'Either list of point ids or filter must be provided'
  ],
  ['POST', '/payload/delete', { keys: ['a'] }, 400, 'Either list of point ids or filter must be'],
  ['POST', '/payload/clear', {}, 400, 'Format error in JSON body: '],
  ['POST', '/delete', {}, 400, 'Format error in JSON body: '],
  ['POST', '/payload', { points: [1] }, 400, 'missing field `payload`'],
  ['POST', '/payload', { payload: [], points: [1] }, 400, 'Format error in JSON body: '],
  ['POST', '/payload', { payload: {}, key: 'a..b', points: [1] }, 400, 'Invalid json path: `a..b`'],
  ['POST', '/payload/delete', { keys: ['[0]'], points: [1] }, 400, 'Invalid json path: `[0]`'],
  ['POST', '/payload/delete', { points: [1] }, 400, 'missing field `keys`'],
  ['POST', '/payload', { payload: {}, points: ['1'] }, 400, 'value 1 is not a valid point ID'],
  ['POST', '/payload/clear', { points: [1], shard_key: 'k' }, 400, 'Wrong input: Shard key k not'],
  ['POST', '/delete', { filter: { nope: 1 } }, 400, 'unknown field `nope`'],
  ['POST', '/delete', { filter: { must: { key: 'a' } } }, 422, 'At least one field condition must'],
  ['PUT', '/vectors', { points: [] }, 422, 'must specify points to update'],
  ['PUT', '/vectors', {}, 400, 'missing field `points`'],
  ['PUT', '/vectors', { points: [{ id: 1 }] }, 400, 'missing field `vector`'],
  [
    'PUT',
    '/vectors',
    { points: [{ id: 1, vector: {} }] },
    422,
    '[points[0].vector: must specify vectors to update for point]'
  ],
  [
    'PUT',
    '/vectors',
    { points: [{ id: 1, vector: [] }] },
    422,
    '[points[0].vector: must specify vectors to update for point]'
  ],
  [
    'PUT',
    '/vectors',
    { points: [{ id: 1, vector: [1] }] },
    400,
    'Wrong input: Vector dimension error: expected dim: 2, got 1'
  ],
  [
    'PUT',
    '/vectors',
    { points: [{ id: 1, vector: { x: [1] } }] },
    400,
    'Wrong input: Not existing vector name error: x'
  ],
  [
    'POST',
    '/vectors/delete',
    { vector: [], points: [1] },
    422,
    'vector: must specify vector names'
  ],
  ['POST', '/vectors/delete', { vector: [''] }, 400, 'Bad request: No filter or points provided'],
  [
    'POST',
    '/vectors/delete',
    { vector: ['x'], points: [1] },
    400,
    'Wrong input: Not existing vector name error: x'
  ],
  ['PUT', '', { points: [], update_mode: 'x' }, 400, 'unknown variant `x`'],
  [
    'PUT',
    '',
    { points: [], update_filter: { must: { key: 'a' } } },
    422,
    '[update_filter.must: At least one'
  ]
])(
  '%s points%s %j is refused with %i and changes nothing',
  async (method, path, body, status, text) => {
    const before = await stored()
    for (const query of ['wait=true', 'wait=false']) {
      const answer = await rest.client.send(method, `${points}${path}?${query}`, body)
      expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(text)])
    }
    expect(await stored()).toEqual(before)
  }
)

test('a float is no id and no value to match, however whole it is', async () => {
  for (const [path, body] of [
    ['payload/clear', '{"points":[1.0]}'],
    ['delete', '{"filter":{"must":{"has_id":[1e0]}}}'],
    ['delete', '{"filter":{"must":{"key":"n","match":{"value":1.0}}}}'],
    ['count', '{"filter":{"must":{"key":"n","match":{"any":[1,2.0]}}}}']
  ]) {
    const answer = await rest.client.send('POST', `${points}/${path}`, body)
    expect([answer.status, errorOf(answer)]).toEqual([
      400,
      expect.stringContaining('Format error in JSON body: ')
    ])
  }
  const matched = await rest.client.call(
    'POST',
    `${points}/count`,
    '{"filter":{"must":{"key":"n","range":{"lte":1.0}}}}'
  )
  expect(matched['result']).toEqual({ count: 1 })
})

test('every operation takes ordering, timeout and gives a token that reads can wait for', async () => {
  const response = await fetch(
    `${rest.url}${points}/payload?wait=false&ordering=strong&timeout=5`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ payload: { t: 1 }, filter: {} })
    }
  )
  const token = response.headers.get('x-millrace-token')
  expect([response.status, token]).toEqual([200, expect.stringMatching(/^[\w-]+$/)])
  const count = await rest.client.call('POST', `${points}/count?after=${token}`, {
    filter: match('t', 1)
  })
  expect(count['result']).toEqual({ count: 4 })
  const wrong = await rest.client.send('POST', `${points}/payload/clear?ordering=odd`, {
    points: []
  })
  expect(wrong.status).toBe(400)
})

test('an operation that is over the limit of a record is refused before anything is written', async () => {
  const answer = await send('POST', `${points}/payload`, {
    payload: { text: 'x'.repeat(9 << 20) },
    points: [1]
  })
  expect([answer.status, errorOf(answer)]).toEqual([
    400,
    expect.stringContaining('limits.recordBytes')
  ])
})
