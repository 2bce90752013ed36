import { beforeAll, expect, test } from 'vitest'
import { restServer } from '../support/rest-server.ts'

const rest = restServer('--limits.resultPoints', '5000')
const errorOf = (answer: { body: Record<string, unknown> }) =>
  (answer.body['status'] as { error: string }).error
const uuid = '550e8400-e29b-41d4-a716-446655440000'
const big = '18446744073709551615'

beforeAll(async () => {
  await rest.client.call('PUT', '/collections/one', {
    vectors: { size: 3, distance: 'Dot' },
    shard_number: 2
  })
  await rest.client.call('PUT', '/collections/named', {
    vectors: { image: { size: 2, distance: 'Euclid' }, text: { size: 3, distance: 'Cosine' } }
  })
})

const upsert = (body: unknown, collection = 'one', query = 'wait=true') =>
  rest.client.send('PUT', `/collections/${collection}/points?${query}`, body)
const retrieve = async (ids: unknown[], more: object = {}, collection = 'one') =>
  (await rest.client.call('POST', `/collections/${collection}/points`, { ids, ...more }))['result']

test('P5 a point written with wait=true is read back at once, with every form of id', async () => {
  const answer = await upsert(
    `{"points":[{"id":1,"vector":[1,2,3],"payload":{"a":1}},{"id":${big},"vector":[0,1,0]},{"id":"${uuid}","vector":[0,0,1],"payload":null}]}`
  )
  expect(answer.body).toMatchObject({
    result: { status: 'completed', operation_id: expect.any(Number) }
  })
  expect(await retrieve([1], { with_payload: true, with_vector: true })).toEqual([
    { id: 1, payload: { a: 1 }, vector: [1, 2, 3] }
  ])
  expect(await retrieve([`urn:uuid:${uuid}`], { with_payload: true })).toEqual([
    { id: uuid, payload: {} }
  ])
  const raw = await fetch(`${rest.url}/collections/one/points/${big}`)
  expect(await raw.text()).toContain(`"id":${big}`)
})

test('retrieving keeps the order asked for, skips unknown ids and shows each once', async () => {
  await upsert({ points: [10, 11, 12].map((id) => ({ id, vector: [id, 0, 0] })) })
  expect(await retrieve([12, 999, 10, 12, 11])).toEqual([{ id: 12 }, { id: 10 }, { id: 11 }])
})

test('an unknown point by GET is 404, an id that is none is 400', async () => {
  const unknown = await rest.client.send('GET', '/collections/one/points/77')
  expect([unknown.status, errorOf(unknown)]).toEqual([
    404,
    'Not found: Point with id 77 does not exists!'
  ])
  const none = await rest.client.send('GET', '/collections/one/points/1.5')
  expect([none.status, errorOf(none)]).toEqual([
    400,
    'Wrong input: Can not recognize "1.5" as point id'
  ])
})

test('an upsert replaces the whole point', async () => {
  await upsert(
    { points: [{ id: 1, vector: { image: [1, 2], text: [0, 0, 2] }, payload: { a: 1, b: 2 } }] },
    'named'
  )
  expect(await retrieve([1], { with_payload: true, with_vector: true }, 'named')).toEqual([
    { id: 1, payload: { a: 1, b: 2 }, vector: { image: [1, 2], text: [0, 0, 1] } }
  ])
  await upsert({ points: [{ id: 1, vector: { image: [3, 4] } }] }, 'named')
  expect(await retrieve([1], { with_payload: true, with_vector: true }, 'named')).toEqual([
    { id: 1, payload: {}, vector: { image: [3, 4] } }
  ])
})

test('of one id twice in a request the last wins', async () => {
  await upsert({ points: [5, 6, 5].map((id, at) => ({ id, vector: [at, 0, 0], payload: { at } })) })
  expect(await retrieve([5], { with_payload: true })).toEqual([{ id: 5, payload: { at: 2 } }])
})

test('the batch form writes the same points', async () => {
  await upsert({
    batch: {
      ids: [20, uuid],
      vectors: [
        [1, 0, 0],
        [0, 1, 0]
      ],
      payloads: [{ x: 1 }, null]
    }
  })
  expect(await retrieve([20], { with_payload: true, with_vector: true })).toEqual([
    { id: 20, payload: { x: 1 }, vector: [1, 0, 0] }
  ])
  await upsert(
    {
      batch: {
        ids: [2, 3],
        vectors: {
          image: [
            [1, 1],
            [2, 2]
          ]
        }
      }
    },
    'named'
  )
  expect(await retrieve([3], { with_vector: true }, 'named')).toEqual([
    { id: 3, vector: { image: [2, 2] } }
  ])
})

test('payload texts keep number tokens and the order of keys', async () => {
  await upsert(
    '{"points":[{"id":30,"vector":[0,0,0],"payload":{"z":1.0,"a":12345678901234567890,"n":null,"z2":[1e2]}}]}'
  )
  const text = await (await fetch(`${rest.url}/collections/one/points/30`)).text()
  expect(text).toContain('{"z":1.0,"a":12345678901234567890,"n":null,"z2":[1e2]}')
})

test('payload selectors include and exclude paths', async () => {
  const payload = { k: { n: 'G', c: [{ p: 1, q: 2 }, { p: 3 }] }, z: 0 }
  await upsert({ points: [{ id: 31, vector: [0, 0, 0], payload }] })
  const shown = async (selector: unknown) =>
    ((await retrieve([31], { with_payload: selector })) as { payload: unknown }[])[0]?.payload
  expect(await shown(['k.n'])).toEqual({ k: { n: 'G' } })
  expect(await shown({ include: ['k.c[].p'] })).toEqual({ k: { c: [{ p: 1 }, { p: 3 }] } })
  expect(await shown({ include: ['k.c.p'] })).toEqual({ k: { c: [] } })
  expect(await shown({ exclude: ['k.c[].p', 'z'] })).toEqual({ k: { n: 'G', c: [{ q: 2 }, {}] } })
  expect(await shown(['missing'])).toEqual({})
  expect(await shown(true)).toEqual(payload)
})

test('deleting by id takes points away and unknown ids are no error', async () => {
  await upsert({ points: [40, 41].map((id) => ({ id, vector: [1, 1, 1] })) })
  const answer = await rest.client.send('POST', '/collections/one/points/delete?wait=true', {
    points: [40, 4040]
  })
  expect(answer.body).toMatchObject({ result: { status: 'completed' } })
  expect(await retrieve([40, 41])).toEqual([{ id: 41 }])
})

test('scroll pages through all points in id order, numbers before UUIDs', async () => {
  await rest.client.call('PUT', '/collections/scroll', {
    vectors: { size: 1, distance: 'Dot' },
    shard_number: 3
  })
  const ids = [...Array.from({ length: 25 }, (_, index) => index * 3), uuid]
  await upsert({ points: ids.map((id) => ({ id, vector: [1] })) }, 'scroll')
  const seen: unknown[] = []
  let offset: unknown = null
  do {
    const { result } = await rest.client.call('POST', '/collections/scroll/points/scroll', {
      offset,
      limit: 7
    })
    const page = result as { points: { id: unknown }[]; next_page_offset: unknown }
    expect(page.points.length).toBeLessThanOrEqual(7)
    seen.push(...page.points.map(({ id }) => id))
    offset = page.next_page_offset
  } while (offset !== null)
  expect(seen).toEqual(ids)
  const counted = await rest.client.call('POST', '/collections/scroll/points/count', {
    exact: true
  })
  expect(counted['result']).toEqual({ count: 26 })
})

test('P5 wait=false answers acknowledged, and a read after its token sees the write', async () => {
  for (let id = 100; id < 150; id++) {
    const response = await fetch(`${rest.url}/collections/one/points`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ points: [{ id, vector: [1, 2, 3] }] })
    })
    expect(await response.json()).toMatchObject({ result: { status: 'acknowledged' } })
    const token = response.headers.get('x-millrace-token')
    expect(token).toBeTruthy()
    expect(
      await (await fetch(`${rest.url}/collections/one/points/${id}?after=${token}`)).json()
    ).toMatchObject({
      result: { id }
    })
  }
})

test('a token of another collection, and what is no token, is refused', async () => {
  const response = await fetch(`${rest.url}/collections/named/points?wait=true`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: '{"points":[{"id":9,"vector":{}}]}'
  })
  const token = response.headers.get('x-millrace-token')
  const other = await rest.client.send('GET', `/collections/one/points/1?after=${token}`)
  expect([other.status, errorOf(other)]).toEqual([
    400,
    expect.stringContaining('of another collection')
  ])
  expect((await rest.client.send('GET', '/collections/one/points/1?after=!')).status).toBe(400)
})

test('an empty list of points is fine', async () => {
  expect((await upsert({ points: [] })).body).toMatchObject({ result: { status: 'completed' } })
})

const wrong: [string, number, string][] = [
  [
    '{"points":[{"id":1,"vector":[1,2]}]}',
    400,
    'Wrong input: Vector dimension error: expected dim: 3, got 2'
  ],
  [
    '{"points":[{"id":1,"vector":{"nope":[1,2,3]}}]}',
    400,
    'Wrong input: Not existing vector name error: nope'
  ],
  ['{"points":[{"id":1,"vector":[1,2,1e999]}]}', 400, 'Format error in JSON body: '],
  ['{"points":[{"id":1,"vector":[1,2,NaN]}]}', 400, 'Format error in JSON body: '],
  ['{"points":[{"id":1,"vector":[]}]}', 422, 'dense vector must not be empty'],
  ['{"points":[{"id":-1,"vector":[1,2,3]}]}', 400, 'is not a valid point ID'],
  ['{"points":[{"id":1.5,"vector":[1,2,3]}]}', 400, 'is not a valid point ID'],
  ['{"points":[{"id":"12","vector":[1,2,3]}]}', 400, 'is not a valid point ID'],
  ['{"points":[{"id":18446744073709551616,"vector":[1,2,3]}]}', 400, 'is not a valid point ID'],
  ['{"points":[{"vector":[1,2,3]}]}', 400, 'missing field `id`'],
  ['{"points":[{"id":1,"vector":[1,2,3],"payload":[]}]}', 400, 'Format error in JSON body: '],
  ['{"points":[{"id":1,"vector":[1,2,"3"]}]}', 400, 'Format error in JSON body: '],
  ['{"points":7}', 400, 'Format error in JSON body: '],
  ['{"points":[{"id":1,"vector":[1,2,3]}]', 400, 'Format error in JSON body: '],
  ['{}', 400, 'Invalid PointInsertOperations format'],
  [
    '{"batch":{"ids":[1,2],"vectors":[[1,2,3]]}}',
    422,
    'number of ids and vectors must be equal (2 != 1)'
  ],
  [
    '{"batch":{"ids":[1],"vectors":[[1,2,3]],"payloads":[]}}',
    422,
    'number of ids and payloads must be equal (1 != 0)'
  ],
  [
    '{"points":[{"id":1,"vector":{"text":"x","model":"m"}}]}',
    400,
    'server-side inference is not supported'
  ],
  ['{"points":[],"update_mode":"replace"}', 400, 'unknown variant `replace`']
]

test.each(wrong)(
  'the upsert %s is refused with %i and changes nothing',
  async (body, status, text) => {
    const before = await rest.client.call('POST', '/collections/one/points/count', {})
    for (const query of ['wait=true', 'wait=false']) {
      const answer = await upsert(body, 'one', query)
      expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(text)])
    }
    const after = await rest.client.call('POST', '/collections/one/points/count', {})
    expect(after['result']).toEqual(before['result'])
  }
)

test('P9 100,000 levels of nesting are refused quickly in any part of a request', async () => {
  const deep = '['.repeat(100_000)
  const bodies = [
    deep,
    deep + ']'.repeat(100_000),
    `{"points":[{"id":1,"vector":[1,2,3],"payload":{"a":${deep}${']'.repeat(100_000)}}}]}`
  ]
  for (const body of bodies) {
    for (const [method, path] of [
      ['PUT', '/collections/one/points?wait=true'],
      ['POST', '/collections/one/points/query'],
      ['PUT', '/collections/deep']
    ] as const) {
      const answer = await rest.client.send(method, path, body)
      expect([answer.status, errorOf(answer)]).toEqual([
        400,
        expect.stringMatching(/^Format error in JSON body: /)
      ])
    }
  }
})

test('unknown names in with_vector and too many points are refused', async () => {
  const unknown = await rest.client.send('POST', '/collections/one/points', {
    ids: [1],
    with_vector: ['nope']
  })
  expect([unknown.status, errorOf(unknown)]).toEqual([
    400,
    'Wrong input: Not existing vector name error: nope'
  ])
  const many = await rest.client.send('POST', '/collections/one/points/scroll', { limit: 5001 })
  expect([many.status, errorOf(many)]).toEqual([
    400,
    expect.stringContaining('limits.resultPoints')
  ])
  const none = await rest.client.send('POST', '/collections/one/points/scroll', { limit: 0 })
  expect([none.status, errorOf(none)]).toEqual([
    422,
    'Validation error in JSON body: [scroll_request.limit: value 0 invalid, must be 1 or larger]'
  ])
})

test('what this version does not have is refused by name, not ignored', async () => {
  for (const [path, body] of [
    ['points/scroll', { order_by: 'a' }],
    ['points/scroll', { filter: { must: { slice: { total: 2, index: 0 } } } }],
    ['points/count', { filter: { must: [{ key: 'a', geo_radius: {} }] } }],
    ['points/query', { query: { recommend: { positive: [1] } } }],
    ['points/query', { query: { nearest: [1, 2, 3], mmr: {} } }],
    ['points/query', { query: [1, 2, 3], prefetch: [] }],
    ['points/query', { query: [1, 2, 3], lookup_from: { collection: 'one' } }]
  ] as const) {
    const answer = await rest.client.send('POST', `/collections/one/${path}`, body)
    expect([answer.status, errorOf(answer)]).toEqual([
      400,
      expect.stringContaining('is not supported by this version')
    ])
  }
})
