import { beforeAll, describe, expect, test, vi } from 'vitest'
import { encodeToken } from '../../src/domain/token.ts'
import { restServer } from '../support/rest-server.ts'

const rest = restServer()

/** Sends a body as it stands, for what no JavaScript value can spell. */
async function send(method: string, path: string, body?: string) {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(rest.url + path, body === undefined ? {} : { method, body, headers })
  const answer = (await response.json()) as { status: { error?: string }; result?: unknown }
  return { status: response.status, error: answer.status.error ?? '', result: answer.result }
}

beforeAll(async () => {
  await send('PUT', '/collections/c', '{"vectors":{"size":2,"distance":"Dot"}}')
})

describe('an upsert that the native parser refuses is a 400 with its reason', () => {
  test.each([
    ['{"points":[{"id":1.0}]}', 'value 1.0 is not a valid point ID'],
    ['{"points":[{"id":1e3}]}', 'value 1e3 is not a valid point ID'],
    ['{"points":[{"id":-0}]}', 'value -0 is not a valid point ID'],
    ['{"batch":{"ids":[2,1.0],"vectors":[[1,2],[1,2]]}}', 'value 1.0 is not a valid point ID'],
    ['{"points":[{"id":1,"id":2}]}', 'duplicate field `id`'],
    ['{"points":[{"id":1,"vector":[1,2],"vector":[1,3]}]}', 'duplicate field `vector`'],
    ['{"points":[{"id":1,"vector":[1,2],"vectors":null}]}', 'duplicate field `vector`'],
    ['{"points":[{"id":1,"vector":{"":[1,2],"":[1,3]}}]}', 'duplicate field ``'],
    ['{"points":[],"points":[]}', 'duplicate field `points`'],
    ['{"points":[],"shard_key":""}', 'Shard key  not found'],
    ['{"points":[],"shard_key":0}', 'Shard key 0 not found'],
    ['{"points":[],"update_mode":""}', 'update_mode'],
    ['{"points":[],"update_filter":false}', 'update_filter']
  ])('%s', async (body, reason) => {
    const answer = await send('PUT', '/collections/c/points', body)
    expect([answer.status, answer.error]).toEqual([400, expect.stringContaining(reason)])
  })
})

test('of a key given twice the last counts, however long the numbers are', async () => {
  const body = '{"ids":[9007199254740993],"ids":[18446744073709551615]}'
  expect(await send('POST', '/collections/c/points', body)).toMatchObject({
    status: 200,
    result: []
  })
})

test('a long integer is a number where numbers are meant', async () => {
  const body = '{"query":[12345678901234567890,1],"score_threshold":-10000000000000000000}'
  expect((await send('POST', '/collections/c/points/query', body)).status).toBe(200)
})

test('a long integer in the metadata of a collection can be shown', async () => {
  const body = '{"metadata":{"big":12345678901234567890}}'
  expect((await send('PUT', '/collections/m', body)).status).toBe(200)
  expect((await send('GET', '/collections/m')).result).toMatchObject({
    config: { metadata: { big: 12345678901234567000 } }
  })
})

test('P9 a request whose client went away is no longer in flight once its work ends', async () => {
  const path = `/collections/c/points/1?timeout=1&after=${farToken()}`
  const waits = [1, 2, 3].map(() => fetch(rest.url + path, { signal: AbortSignal.timeout(100) }))
  expect((await Promise.allSettled(waits)).map(({ status }) => status)).toEqual(
    waits.map(() => 'rejected')
  )
  await vi.waitFor(async () => {
    const page = await (await fetch(`${rest.url}/metrics`)).text()
    // The page itself is being answered.
    expect(page).toContain('millrace_rest_requests_in_flight 1\n')
  }, 3000)
})

// Last: the wait that it leaves behind stays in flight.
test('a timeout longer than a timer can be is a long wait, not none', async () => {
  const path = '/collections/c/points/1?timeout=3000000'
  const token = farToken()
  const wait = fetch(`${rest.url}${path}&after=${token}`, { signal: AbortSignal.timeout(200) })
  await expect(wait).rejects.toThrow('aborted due to timeout')
  expect((await fetch(`${rest.url}/collections/c/points/1?timeout=99999999999`)).status).toBe(404)
})

/** A token of an offset of collection `c` that no write reaches. */
function farToken(): string {
  const offsets = [{ shard: 0, offset: 1000n }]
  return encodeToken({ collectionId: 0n, generation: 0, offsets })
}
