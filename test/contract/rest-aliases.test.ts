import { beforeAll, expect, test } from 'vitest'
import { restServer } from '../support/rest-server.ts'

const rest = restServer('--limits.aliases', '5')
const dense = { vectors: { size: 2, distance: 'Dot' } }
const change = (...actions: object[]) =>
  rest.client.send('POST', '/collections/aliases', { actions })
const create = (collection_name: string, alias_name: string) => ({
  create_alias: { collection_name, alias_name }
})
const rename = (old_alias_name: string, new_alias_name: string) => ({
  rename_alias: { old_alias_name, new_alias_name }
})
const remove = (alias_name: string) => ({ delete_alias: { alias_name } })
const aliases = async (path = '/aliases') => {
  const { result } = await rest.client.call('GET', path)
  return (result as { aliases: { alias_name: string; collection_name: string }[] }).aliases.map(
    ({ alias_name, collection_name }) => `${alias_name} → ${collection_name}`
  )
}
const errorOf = (answer: { body: Record<string, unknown> }) =>
  (answer.body['status'] as { error: string }).error

beforeAll(async () => {
  await rest.client.call('PUT', '/collections/a', dense)
  await rest.client.call('PUT', '/collections/b', dense)
  await rest.client.call('PUT', '/collections/a/points?wait=true', {
    points: [{ id: 1, vector: [1, 2], payload: { of: 'a' } }]
  })
})

test('an alias stands for its collection in every endpoint of points and of the collection', async () => {
  const { client } = rest
  expect((await change(create('a', 'now'))).body).toMatchObject({ result: true, status: 'ok' })
  expect(await aliases('/collections/a/aliases')).toEqual(['now → a'])
  expect(await aliases('/collections/now/aliases')).toEqual(['now → a'])
  expect(await aliases('/collections/b/aliases')).toEqual([])
  await client.call('PUT', '/collections/now/points?wait=true', {
    points: [{ id: 2, vector: [2, 1] }]
  })
  expect((await client.call('GET', '/collections/now/points/2'))['result']).toMatchObject({ id: 2 })
  const found = await client.call('POST', '/collections/now/points/query', { query: [1, 0] })
  expect(found['result']).toMatchObject({ points: [{ id: 2 }, { id: 1 }] })
  for (const verb of ['scroll', 'count'])
    await client.call('POST', `/collections/now/points/${verb}`, {})
  await client.call('POST', '/collections/now/points/delete?wait=true', { points: [2] })
  expect((await client.call('GET', '/collections/now'))['result']).toMatchObject({
    points_count: 1
  })
  expect((await client.call('GET', '/collections/now/exists'))['result']).toEqual({ exists: true })
  await client.call('PATCH', '/collections/now', { metadata: { by: 'alias' } })
  expect((await client.call('GET', '/collections/a'))['result']).toMatchObject({
    config: { metadata: { by: 'alias' } }
  })
  const { result } = await client.call('GET', '/collections')
  expect(result).toEqual({ collections: [{ name: 'a' }, { name: 'b' }] })
})

test('an alias that exists is pointed elsewhere, and renamed', async () => {
  await change(create('a', 'moving'))
  await change(create('b', 'moving'), rename('moving', 'moved'))
  expect(await aliases()).toEqual(['moved → b', 'now → a'])
  expect((await rest.client.send('GET', '/collections/moving')).status).toBe(404)
  await change(remove('moved'), remove('never was'))
  expect(await aliases()).toEqual(['now → a'])
})

test('a name is a collection or an alias, never both', async () => {
  const taken = await rest.client.send('PUT', '/collections/now', dense)
  expect([taken.status, errorOf(taken)]).toEqual([
    400,
    "Wrong input: Can't create collection with name now. Alias with the same name already exists"
  ])
  for (const action of [create('a', 'b'), rename('now', 'b')]) {
    const answer = await change(action)
    expect([answer.status, errorOf(answer)]).toEqual([
      409,
      'Wrong input: Collection `b` already exists!'
    ])
  }
  expect(await aliases()).toEqual(['now → a'])
})

test('actions before a failing one stay applied', async () => {
  const answer = await change(create('a', 'first'), create('nothing', 'second'), remove('now'))
  expect([answer.status, errorOf(answer)]).toEqual([
    404,
    "Not found: Collection `nothing` doesn't exist!"
  ])
  expect(await aliases()).toEqual(['first → a', 'now → a'])
  await change(remove('first'))
})

test('an alias of an alias, and renaming what is not there, are 404', async () => {
  expect((await change(create('now', 'again'))).status).toBe(404)
  const answer = await change(rename('missing', 'x'))
  expect([answer.status, errorOf(answer)]).toEqual([
    404,
    'Not found: Alias missing does not exists!'
  ])
})

test('deleting by an alias deletes nothing, and a collection takes its aliases with it', async () => {
  const { client } = rest
  await client.call('PUT', '/collections/short', dense)
  await change(create('short', 'brief'))
  expect((await client.call('DELETE', '/collections/brief'))['result']).toBe(false)
  expect((await client.call('DELETE', '/collections/short'))['result']).toBe(true)
  expect(await aliases()).toEqual(['now → a'])
  await client.call('PUT', '/collections/brief', dense)
  await client.call('DELETE', '/collections/brief')
})

test('P9 past limits.aliases an alias is refused', async () => {
  const names = ['l1', 'l2', 'l3', 'l4', 'l5']
  const answer = await change(...names.map((name) => create('a', name)))
  expect([answer.status, errorOf(answer)]).toEqual([400, expect.stringContaining('limits.aliases')])
  expect(await aliases()).toHaveLength(5)
  await change(...names.map(remove))
})

test.each([
  [{}, 400, 'Format error in JSON body: '],
  [{ actions: [{ drop_alias: {} }] }, 400, 'Format error in JSON body: '],
  [{ actions: [create('a', 'x/y')] }, 422, 'actions[0].alias_name: collection name cannot contain'],
  [{ actions: [rename('now', '')] }, 422, 'must be from 1 to 255 characters']
])('%j is refused with %i', async (body, status, text) => {
  const answer = await rest.client.send('POST', '/collections/aliases', body)
  expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(text)])
})

test('timeout=0 is a validation error', async () => {
  const answer = await rest.client.send('POST', '/collections/aliases?timeout=0', { actions: [] })
  expect(answer.status).toBe(422)
})

test('an unknown collection has no aliases', async () => {
  expect((await rest.client.send('GET', '/collections/nothing/aliases')).status).toBe(404)
})
