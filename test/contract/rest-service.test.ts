import { connect } from 'node:net'
import { expect, test, vi } from 'vitest'
import { restServer } from '../support/rest-server.ts'

const rest = restServer('--limits.bodyBytes', '64KiB')
const errorOf = (answer: { body: Record<string, unknown> }) =>
  (answer.body['status'] as { error: string }).error

test('the root names the API version that clients compare', async () => {
  const root = (await rest.client.send('GET', '/')).body
  expect(Object.keys(root)).toEqual(['title', 'version', 'commit'])
  expect(root['version']).toBe('1.19.0')
  expect(String(root['commit'])).toMatch(/^[0-9a-f]{40}$/)
})

test.each([
  ['/healthz', 'healthz check passed'],
  ['/livez', 'healthz check passed'],
  ['/readyz', 'all shards are ready']
])('%s answers its exact text', async (path, text) => {
  const response = await fetch(rest.url + path)
  expect([response.status, await response.text()]).toEqual([200, text])
})

test('the metrics page has the shard of each collection', async () => {
  await rest.client.call('PUT', '/collections/measured', { vectors: { size: 1, distance: 'Dot' } })
  await rest.client.call('PUT', '/collections/measured/points?wait=true', {
    points: [{ id: 1, vector: [1] }]
  })
  const text = await (await fetch(`${rest.url}/metrics`)).text()
  expect(text).toContain('millrace_shard_points{collection="measured",shard="0"} 1')
  expect(text).toContain('millrace_shard_records_rejected{collection="measured",shard="0"} 0')
  expect(text).toMatch(/millrace_shard_memory_bytes\{collection="measured",shard="0"\} [1-9]/)
  expect(text).toMatch(
    /millrace_rest_requests_total\{method="PUT",endpoint="\/collections\/{collection_name}",status="200"\} \d/
  )
})

test('every replica shows its state, offset, lag and digest', async () => {
  await rest.client.call('PUT', '/collections/shown', {
    vectors: { size: 1, distance: 'Dot' },
    shard_number: 2
  })
  const { result } = await rest.client.call('GET', '/millrace/replicas')
  const shown = (result as { collection: string }[]).find(
    ({ collection }) => collection === 'shown'
  )
  expect(shown).toMatchObject({
    state: 'ready',
    shards: [0, 1].map((shard) => ({
      shard,
      replica: 'active',
      shardState: 'running',
      nextOffset: '1',
      lagRecords: 0,
      digest: expect.stringMatching(/^[0-9a-f]{32}$/)
    }))
  })
})

test('the OpenAPI document names every operation', async () => {
  const { body } = await rest.client.send('GET', '/openapi.json')
  expect(body['openapi']).toBe('3.1.0')
  expect(Object.keys(body['paths'] as object)).toEqual(
    expect.arrayContaining(['/collections/{name}', '/collections/{name}/points/query', '/readyz'])
  )
  expect(JSON.stringify(body)).not.toContain('bigint')
})

test('an unknown route is a bare 404', async () => {
  const response = await fetch(`${rest.url}/nothing/here`)
  expect([response.status, await response.text()]).toEqual([404, ''])
  expect((await fetch(`${rest.url}/collections/%ff/exists`)).status).toBe(404)
})

test('P9 a body over limits.bodyBytes is refused with the limit in the message', async () => {
  const answer = await rest.client.send(
    'PUT',
    '/collections/large',
    `{"metadata":{"a":"${'x'.repeat(70_000)}"}}`
  )
  expect(answer.status).toBe(400)
  expect(errorOf(answer)).toContain('limits.bodyBytes')
  expect((await fetch(`${rest.url}/healthz`)).status).toBe(200)
})

test('P9 a chunked body over the limit is cut off while it arrives', async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(rest.port, '127.0.0.1', () => {
      socket.write(
        'PUT /collections/chunked HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n'
      )
      const chunk = Buffer.alloc(16_384, 0x20)
      const pour = () => {
        while (socket.writable && socket.write(`4000\r\n${chunk}\r\n`));
        socket.once('drain', pour)
      }
      pour()
    })
    let text = ''
    socket.on('data', (data) => {
      text += data.toString('latin1')
      if (!text.includes('limits.bodyBytes')) return
      socket.destroy()
      resolve(text)
    })
    socket.on('error', (error) => (text.includes('400') ? resolve(text) : reject(error)))
  })
  expect(answer).toContain('400 Bad Request')
})

test('a body of another type is refused with what to send', async () => {
  const response = await fetch(`${rest.url}/collections/x`, {
    method: 'PUT',
    body: 'a=b',
    headers: { 'content-type': 'text/plain' }
  })
  expect(response.status).toBe(400)
  expect(await response.text()).toContain('application/json')
})

test.each([
  ['/collections/measured/points/1?timeout=0', 'Deserialize error in query parameters: '],
  ['/collections/measured/points/1?timeout=x', 'Deserialize error in query parameters: '],
  ['/collections/measured/points/1?consistency=0', 'Deserialize error in query parameters: '],
  ['/collections/measured/points/1?timeout=1&timeout=2', 'Deserialize error in query parameters: ']
])('%s is refused', async (path, text) => {
  const answer = await rest.client.send('GET', path)
  expect([answer.status, errorOf(answer)]).toEqual([400, expect.stringContaining(text)])
})

test('wait and ordering are checked', async () => {
  for (const query of ['wait=yes', 'ordering=random', 'timeout=-1']) {
    const answer = await rest.client.send('PUT', `/collections/measured/points?${query}`, {
      points: []
    })
    expect([answer.status, errorOf(answer)]).toEqual([
      400,
      expect.stringContaining('query parameters')
    ])
  }
})

test('a collection without rejected writes lists none, an unknown one is 404', async () => {
  const path = '/millrace/collections/measured/rejections'
  expect((await rest.client.call('GET', path))['result']).toEqual({ count: 0, newest: [] })
  const unknown = '/millrace/collections/nothing/rejections'
  expect((await rest.client.send('GET', unknown)).status).toBe(404)
})

test('a write that nobody waits for and that is rejected is listed with its reason', async () => {
  await rest.client.call('PUT', '/collections/measured/points?wait=true', {
    points: [{ id: 1, vector: [1] }]
  })
  const path = '/collections/measured/points/payload'
  const body = { payload: { a: 1 }, points: [777] }
  expect((await rest.client.send('POST', `${path}?wait=true`, body)).status).toBe(404)
  await rest.client.call('POST', `${path}?wait=false`, body)
  await vi.waitFor(async () => {
    const { result } = await rest.client.call('GET', '/millrace/collections/measured/rejections')
    expect(result).toEqual({
      count: 1,
      newest: [
        {
          shard: 0,
          offset: expect.stringMatching(/^\d+$/),
          code: 'MILLRACE_POINT_NOT_FOUND',
          reason: expect.stringContaining('777'),
          rejected_at: expect.stringMatching(/^\d{4}-.*Z$/)
        }
      ]
    })
  }, 5000)
})
