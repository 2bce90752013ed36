import { request } from 'node:http'
import { connect } from 'node:net'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { chooseEncoding } from '../../src/api/rest/compression.ts'
import { restServer } from '../support/rest-server.ts'

const rest = restServer()
const origin = 'https://pages.example'

beforeAll(async () => {
  await rest.client.call('PUT', '/collections/texts', {})
  await rest.client.call('PUT', '/collections/texts/points?wait=true', {
    points: Array.from({ length: 300 }, (_, id) => ({
      id,
      vector: {},
      payload: { text: `a text that is told again, number ${id}` }
    }))
  })
})

/** The answer as it comes, without a client that unpacks it. */
function raw(path: string, headers: Record<string, string>, body?: string) {
  const method = body === undefined ? 'GET' : 'POST'
  const options = { host: '127.0.0.1', port: rest.port, path, method, headers }
  return new Promise<{ headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    const outgoing = request(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** Sends bytes and collects what comes until the server closes the connection. */
function exchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(rest.port, '127.0.0.1', () => socket.write(bytes))
    let text = ''
    socket.on('data', (data) => {
      text += data.toString('utf8')
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
}

describe('web pages of any origin', () => {
  test('may ask whether they may send any method and header', async () => {
    const response = await fetch(`${rest.url}/collections/any/points`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'api-key, content-type'
      }
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-methods')).toBe('PUT')
    expect(response.headers.get('access-control-allow-headers')).toBe('api-key, content-type')
  })

  test('may read answers and errors, and the token of a write', async () => {
    for (const path of ['/collections', '/collections/nothing', '/nothing']) {
      const response = await fetch(rest.url + path, { headers: { origin } })
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
      expect(response.headers.get('access-control-expose-headers')).toContain('x-millrace-token')
    }
  })

  test('others than pages get no such headers', async () => {
    const { headers } = await raw('/collections', {})
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })
})

describe('compression', () => {
  const json = { 'content-type': 'application/json' }
  const scroll = (limit: number, accepted?: string) =>
    raw(
      '/collections/texts/points/scroll',
      { ...json, ...(accepted !== undefined && { 'accept-encoding': accepted }) },
      JSON.stringify({ limit, with_payload: true })
    )
  const pointsOf = (body: Buffer) => JSON.parse(body.toString('utf8')).result.points.length

  test.each([
    ['gzip', 'gzip', gunzipSync],
    ['gzip, deflate, br, zstd', 'gzip', gunzipSync],
    ['br;q=0.9, gzip;q=0.5', 'br', brotliDecompressSync],
    ['deflate', 'deflate', inflateSync],
    ['*', 'gzip', gunzipSync]
  ])('a large answer for Accept-Encoding: %s comes as %s', async (accepted, encoding, unpack) => {
    const { headers, body } = await scroll(300, accepted)
    expect(headers['content-encoding']).toBe(encoding)
    expect(headers['vary']).toBe('accept-encoding')
    expect(headers['content-length']).toBe(String(body.length))
    expect(body.length).toBeLessThan(8000)
    expect(pointsOf(unpack(body))).toBe(300)
  })

  test.each([[undefined], ['identity'], ['gzip;q=0'], ['zstd'], ['']])(
    'a large answer for Accept-Encoding: %s comes as it is',
    async (accepted) => {
      const { headers, body } = await scroll(300, accepted)
      expect(headers['content-encoding']).toBeUndefined()
      expect(pointsOf(body)).toBe(300)
    }
  )

  test('a small answer is never compressed', async () => {
    const { headers, body } = await scroll(10, 'gzip')
    expect(headers['content-encoding']).toBeUndefined()
    expect(pointsOf(body)).toBe(10)
  })

  test.each([
    ['br, gzip', 'gzip'],
    ['br;q=1, gzip;q=0.8', 'br'],
    ['GZIP', 'gzip'],
    ['gzip;q=0.5, identity;q=0.8', undefined],
    ['gzip;q=x', undefined],
    ['*;q=0', undefined]
  ])('of %s the choice is %s', (accepted, encoding) => {
    expect(chooseEncoding(accepted)).toBe(encoding)
  })
})

describe('what is no HTTP request is answered in the envelope of errors', () => {
  test.each([
    ['hello\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n', 400],
    [`GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`, 400],
    ['POST /collections HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', 400]
  ])('%j', async (bytes, status) => {
    const answer = await exchange(bytes)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} Bad Request\r\n`))
    const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))
    expect(body).toEqual({
      status: {
        error: expect.stringContaining('Format error in HTTP request: '),
        code: 'MILLRACE_HTTP_MALFORMED'
      },
      time: 0
    })
    expect((await fetch(`${rest.url}/healthz`)).status).toBe(200)
  })
})

test.each([
  ['PUT', '/collections/x', '{'],
  ['PUT', '/collections/x', '{"shard_number":0}'],
  ['GET', '/telemetry?details_level=x', undefined],
  ['PUT', `/collections/${'x'.repeat(256)}`, '{}']
])('an error in reading %s %s %s takes no time', async (method, path, body) => {
  expect((await rest.client.send(method, path, body)).body['time']).toBe(0)
})

test.each([['/collections/texts/'], ['/collections/%74exts'], ['/collections/texts?timeout=3']])(
  '%s is the collection texts',
  async (path) => {
    expect(await rest.client.call('GET', path)).toMatchObject({ result: { points_count: 300 } })
  }
)

test('a known path with another method is a bare 404', async () => {
  const response = await fetch(`${rest.url}/collections/texts`, { method: 'POST' })
  expect([response.status, await response.text()]).toEqual([404, ''])
})

test('a body without a content type is refused with what to send', async () => {
  const answer = await exchange(
    'POST /collections/texts/points/count HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}'
  )
  expect(answer).toMatch(/^HTTP\/1.1 400 /)
  expect(answer).toContain('the body must be sent as application/json')
})
