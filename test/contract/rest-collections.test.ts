import { expect, test } from 'vitest'
import { restServer } from '../support/rest-server.ts'

const rest = restServer('--limits.collections', '200', '--limits.shards', '8')
const path = (name: string, more = '') => `/collections/${encodeURIComponent(name)}${more}`
const dense = { vectors: { size: 4, distance: 'Dot' } }
const errorOf = (answer: { body: Record<string, unknown> }) =>
  (answer.body['status'] as { error: string }).error

test('a collection is created, found, listed, described and deleted', async () => {
  const { client } = rest
  expect(await client.call('PUT', path('b'), dense)).toMatchObject({ result: true, status: 'ok' })
  await client.call('PUT', path('a'), {
    vectors: { image: { size: 3, distance: 'Cosine' } },
    shard_number: 2
  })
  expect(await client.call('GET', '/collections')).toMatchObject({
    result: { collections: [{ name: 'a' }, { name: 'b' }] }
  })
  expect(await client.call('GET', path('a', '/exists'))).toMatchObject({ result: { exists: true } })
  const { result } = await client.call('GET', path('a'))
  expect(result).toMatchObject({
    status: 'green',
    optimizer_status: 'ok',
    points_count: 0,
    config: {
      params: {
        vectors: { image: { size: 3, distance: 'Cosine' } },
        shard_number: 2,
        replication_factor: 1,
        write_consistency_factor: 1,
        on_disk_payload: true
      },
      hnsw_config: { m: 16, ef_construct: 100 },
      quantization_config: null
    },
    payload_schema: {}
  })
  expect(await client.call('DELETE', path('a'))).toMatchObject({ result: true })
  expect(await client.call('DELETE', path('a'))).toMatchObject({ result: false })
  expect(await client.call('GET', path('a', '/exists'))).toMatchObject({
    result: { exists: false }
  })
  await client.call('DELETE', path('b'))
})

test('trailing slashes do not matter', async () => {
  expect((await rest.client.send('GET', '/collections/')).status).toBe(200)
})

test('an unknown collection is 404 with its name', async () => {
  const answer = await rest.client.send('GET', path('nothing'))
  expect(answer.status).toBe(404)
  expect(errorOf(answer)).toBe("Not found: Collection `nothing` doesn't exist!")
  expect(answer.body).toHaveProperty('time')
  expect(answer.body).not.toHaveProperty('result')
})

test('creating what exists is 409', async () => {
  await rest.client.call('PUT', path('twice'), dense)
  const answer = await rest.client.send('PUT', path('twice'), dense)
  expect(answer.status).toBe(409)
  expect(errorOf(answer)).toBe('Wrong input: Collection `twice` already exists!')
})

test('of many creations of one name at once exactly one wins', async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => rest.client.send('PUT', path('race'), dense))
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([
    200, 409, 409, 409, 409, 409, 409, 409
  ])
})

test('a collection deleted and created again is empty', async () => {
  const { client } = rest
  for (let round = 0; round < 3; round++) {
    await client.call('PUT', path('again'), dense)
    const count = await client.call('POST', path('again', '/points/count'), {})
    expect(count['result']).toEqual({ count: 0 })
    await client.call('PUT', path('again', '/points?wait=true'), {
      points: [{ id: 1, vector: [1, 2, 3, 4] }]
    })
    await client.call('DELETE', path('again'))
  }
})

test('a body without vectors makes a collection of payloads', async () => {
  await rest.client.call('PUT', path('bare'), {})
  await rest.client.call('PUT', path('bare', '/points?wait=true'), {
    points: [{ id: 1, vector: {}, payload: { a: 1 } }]
  })
  const { result } = await rest.client.call('GET', path('bare', '/points/1'))
  expect(result).toEqual({ id: 1, payload: { a: 1 }, vector: {} })
})

test.each([
  ['..'],
  ['.'],
  ['ä ö'],
  ['a.b-c_d'],
  ['x'.repeat(255)],
  ['%2e%2e'],
  ['c0.g0'],
  ['__proto__']
])('P11 the name %s is just a name', async (name) => {
  await rest.client.call('PUT', path(name), dense)
  expect(await rest.client.call('GET', path(name, '/exists'))).toMatchObject({
    result: { exists: true }
  })
  expect(await rest.client.call('DELETE', path(name))).toMatchObject({ result: true })
})

test.each([
  ['a/b'],
  ['a\\b'],
  ['a:b'],
  ['a*'],
  ['a?'],
  ['a|b'],
  ['<'],
  ['"'],
  ['a\0b'],
  ['a\u001fb']
])('P11 the name %j cannot be created', async (name) => {
  const answer = await rest.client.send('PUT', path(name), dense)
  expect(answer.status).toBe(422)
  expect(errorOf(answer)).toMatch(
    /^Validation error in path parameters: \[name: collection name cannot contain ".*" char\]$/
  )
})

test('a name of 256 characters is refused', async () => {
  const answer = await rest.client.send('PUT', path('x'.repeat(256)), dense)
  expect(answer.status).toBe(422)
  expect(errorOf(answer)).toContain('must be from 1 to 255 characters')
})

test.each([
  [
    { vectors: { size: 65_537, distance: 'Dot' } },
    422,
    'vectors.size: value 65537 invalid, must be from 1 to 65536'
  ],
  [{ vectors: { size: 0, distance: 'Dot' } }, 400, 'Format error in JSON body: '],
  [{ vectors: { size: 4, distance: 'Hamming' } }, 400, 'Format error in JSON body: '],
  [
    { vectors: { size: 4, distance: 'Dot' }, shard_number: 0 },
    422,
    'shard_number: value 0 invalid, must be 1 or larger'
  ],
  [{ vectors: { size: 4, distance: 'Dot' }, shard_number: 9 }, 400, 'limits.shards'],
  [
    { vectors: { size: 4, distance: 'Dot', datatype: 'turbo4' } },
    400,
    'datatype: turbo4 is not supported'
  ],
  [{ vectors: { size: 4, distance: 'Dot', memory: 'pinned' } }, 422, 'pinned'],
  [
    { vectors: { 'a/b': { size: 4, distance: 'Dot' } } },
    400,
    'Wrong input: Invalid dense vector name `a/b`: '
  ]
])('creating %j is refused with %i', async (body, status, text) => {
  const answer = await rest.client.send('PUT', path('refused'), body)
  expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(text)])
  expect(await rest.client.call('GET', path('refused', '/exists'))).toMatchObject({
    result: { exists: false }
  })
})

test.each([
  ['{'],
  ['{"vectors":'],
  [''],
  ['{"a":1}x'],
  ['[1,]'],
  ['{"vectors":{"size":4,"distance":"Dot"}'],
  ['nul']
])('the body %j is a format error', async (body) => {
  const answer = await rest.client.send('PUT', path('malformed'), body)
  expect(answer.status).toBe(400)
  expect(errorOf(answer)).toMatch(/^Format error in JSON body: /)
})

test('a size of 1 and of 65536 is possible', async () => {
  for (const size of [1, 65_536]) {
    await rest.client.call('PUT', path(`size ${size}`), { vectors: { size, distance: 'Euclid' } })
  }
})

test('timeout=0 is a validation error', async () => {
  const answer = await rest.client.send('PUT', path('t', '?timeout=0'), dense)
  expect([answer.status, errorOf(answer)]).toEqual([
    422,
    'Validation error in query parameters: [timeout: value 0 invalid, must be 1 or larger]'
  ])
})
