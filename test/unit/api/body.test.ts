import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { connect } from 'node:net'
import Fastify from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acceptJsonBodies } from '../../../src/api/rest/body.ts'
import { BodyPool } from '../../../src/api/rest/body-pool.ts'

const bytesMax = 4 << 20
const server = Fastify()
const digest = (bytes: Buffer) => createHash('sha1').update(bytes).digest('hex')
let port = 0

beforeAll(async () => {
  server.removeAllContentTypeParsers()
  acceptJsonBodies(server, bytesMax)
  server.post<{ Body: Buffer }>('/digest', async ({ body }) => {
    // Other requests take their turn between arrival and reading.
    await new Promise((resolve) => setTimeout(resolve, 2))
    return digest(body)
  })
  await server.listen({ port: 0, host: '127.0.0.1' })
  port = (server.server.address() as { port: number }).port
})
afterAll(() => server.close())

function send(body: Buffer, headers: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        port,
        method: 'POST',
        path: '/digest',
        headers: { 'content-type': 'application/json', ...headers }
      },
      (answer) => {
        let text = ''
        answer.on('data', (piece) => {
          text += piece
        })
        answer.on('end', () => resolve(`${answer.statusCode} ${text}`))
      }
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

test('bodies that share pooled memory arrive whole and unmixed', async () => {
  const sizes = [0, 1, 16384, 16385, 65536, 65537, 300_000, 1_500_000]
  for (let round = 0; round < 5; round++) {
    const bodies = sizes.flatMap((size) => [randomBytes(size), randomBytes(size)])
    const answers = await Promise.all(
      bodies.map((body) => send(body, { 'content-length': String(body.length) }))
    )
    expect(answers).toEqual(bodies.map((body) => `200 ${digest(body)}`))
  }
})

test('a body without an announced length is read as well', async () => {
  const body = randomBytes(200_000)
  expect(await send(body, { 'transfer-encoding': 'chunked' })).toBe(`200 ${digest(body)}`)
})

test('a body over the limit is refused, announced or not', async () => {
  const body = Buffer.alloc(bytesMax + 1)
  for (const headers of [
    { 'content-length': String(body.length) },
    { 'transfer-encoding': 'chunked' }
  ]) {
    const answer = await send(body, headers as Record<string, string>).catch(() => 'closed')
    expect(answer === 'closed' || answer.includes('MILLRACE_BODY_TOO_LARGE')).toBe(true)
  }
})

test('a connection that ends within a body leaves the next one whole', async () => {
  await new Promise<void>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(
        'POST /digest HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n'
      )
      socket.write(Buffer.alloc(5000), () => socket.destroy())
    })
    socket.on('close', () => resolve())
  })
  const body = randomBytes(100_000)
  expect(await send(body, { 'content-length': '100000' })).toBe(`200 ${digest(body)}`)
})

test('the pool keeps no more than its limit', () => {
  const pool = new BodyPool(256 << 10)
  const taken = Array.from({ length: 8 }, () => pool.take(60_000))
  for (const buffer of taken) pool.give(buffer)
  expect(pool.keptBytes).toBe(256 << 10)
  expect(pool.take(1).length).toBe(64 << 10)
  expect(pool.keptBytes).toBe(192 << 10)
})
