import { connect as connectSocket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { RequestStrategy, type ServiceInfo, type ServiceStats } from 'nats'
import { beforeAll, expect, test } from 'vitest'
import { operations } from '../../src/api/operations/index.ts'
import { packageVersion } from '../../src/config/index.ts'
import { decodeToken } from '../../src/domain/token.ts'
import { natsService } from '../support/nats-service.ts'

const service = natsService({ natsConfig: 'max_payload: 64KB', args: ['--nats.queue', 'ours'] })
const collection = 'words'

beforeAll(async () => {
  const body = { vectors: { size: 2, distance: 'Dot' }, shard_number: 2 }
  await service.ask('create_collection', { collection, body })
  const points = Array.from({ length: 200 }, (_, id) => ({
    id,
    vector: [id, 1],
    payload: { text: 'x'.repeat(500) }
  }))
  for (const from of [0, 50, 100, 150]) {
    const part = { points: points.slice(from, from + 50) }
    await service.ask('upsert', { collection, body: part, parameters: { wait: true } })
  }
})

async function all<Shape>(verb: 'info' | 'stats' | 'ping', name?: string): Promise<Shape[]> {
  const found: Shape[] = []
  const answers = await service.connection.services
    .client({ strategy: RequestStrategy.Timer, maxWait: 300 })
    [verb](name)
  for await (const one of answers) found.push(one as Shape)
  return found
}

test('$SRV.PING and $SRV.INFO name the service and every operation', async () => {
  const pings = await all<ServiceInfo>('ping')
  expect(pings.length).toBeGreaterThan(0)
  expect(pings[0]).toMatchObject({ name: 'millrace', version: packageVersion })
  const [info] = await all<ServiceInfo>('info', 'millrace')
  expect(info?.endpoints).toHaveLength(operations.length)
  expect(info?.endpoints).toContainEqual({
    name: 'query',
    subject: 'millrace.v1.*.query',
    queue_group: 'ours',
    metadata: { rest: 'POST /collections/:name/points/query', summary: 'Find the nearest points' }
  })
  expect(info?.endpoints.find(({ name }) => name === 'get_point')?.metadata).toMatchObject({
    headers: 'x-millrace-id'
  })
})

test('$SRV.STATS counts requests and failures, from arrival to answer', async () => {
  const before = await sumOf('count')
  await service.ask('count', { collection, body: {} })
  await service.ask('count', { collection: 'none', body: {} })
  const after = await sumOf('count')
  expect(after.requests - before.requests).toBe(2)
  expect(after.errors - before.errors).toBe(1)
  expect(after.nanoseconds).toBeGreaterThan(before.nanoseconds)
  expect(after.lastError).toContain("Collection `none` doesn't exist!")
})

async function sumOf(operation: string) {
  const stats = await all<ServiceStats>('stats', 'millrace')
  const own = stats.flatMap(({ endpoints }) =>
    (endpoints ?? []).filter(({ name }) => name === operation)
  )
  return {
    requests: own.reduce((sum, { num_requests }) => sum + num_requests, 0),
    errors: own.reduce((sum, { num_errors }) => sum + num_errors, 0),
    nanoseconds: own.reduce((sum, { processing_time }) => sum + processing_time, 0),
    lastError: own.map(({ last_error }) => last_error).join()
  }
}

test('$SRV.STATS has the lag with every endpoint, and each shard’s offset with `replicas`', async () => {
  const [stats] = await all<ServiceStats>('stats', 'millrace')
  for (const { data } of stats?.endpoints ?? []) expect(data).toMatchObject({ lagRecords: 0 })
  const replicas = stats?.endpoints?.find(({ name }) => name === 'replicas')
  expect(replicas?.data).toMatchObject({
    lagRecords: 0,
    shardsOmitted: 0,
    shards: [0, 1].map((shard) => ({
      collection,
      shard,
      state: 'running',
      nextOffset: '5',
      lagRecords: 0
    }))
  })
})

test('P5 a write answers with a token, and a read that carries it sees the write', async () => {
  const written = await service.ask('upsert', {
    collection,
    body: { points: [{ id: 1000, vector: [1, 1] }] }
  })
  expect(written.body).toMatchObject({ result: { status: 'acknowledged' } })
  const after = written.headers.get('x-millrace-token') ?? ''
  expect(decodeToken(after).offsets).toHaveLength(1)
  const read = await service.ask('get_point', { collection, parameters: { id: 1000, after } })
  expect(read).toMatchObject({ status: 200, body: { result: { id: 1000 } } })
  // The same token holds on the other transport.
  const overRest = await service.rest.send(
    'GET',
    `/collections/${collection}/points/1000?after=${after}`
  )
  expect(overRest.status).toBe(200)
})

test('ids of 64 bits keep every digit in MessagePack', async () => {
  const id = 2n ** 64n - 1n
  const body = { points: [{ id, vector: Buffer.from(Float32Array.of(0.5, 2).buffer) }] }
  const ask = { collection, format: 'messagePack' as const }
  const written = await service.ask('upsert', { ...ask, body, parameters: { wait: true } })
  expect(written.body).toMatchObject({ result: { status: 'completed' } })
  const read = await service.ask('retrieve', { ...ask, body: { ids: [id], with_vector: true } })
  expect(read.body).toMatchObject({ result: [{ id, vector: [0.5, 2] }] })
})

test('the answer has the format that `accept` asks for', async () => {
  const body = { query: [1, 1], limit: 1 }
  const packed = await service.ask('query', {
    collection,
    body,
    headers: { accept: 'application/msgpack' }
  })
  expect(packed.headers.get('content-type')).toBe('application/msgpack')
  expect(packed.body).toMatchObject({ result: { points: [{ id: 199 }] } })
  const plain = await service.ask('query', {
    collection,
    body,
    format: 'messagePack',
    headers: { accept: 'application/json' }
  })
  expect(plain.headers.get('content-type')).toBeUndefined()
  expect(plain.body).toMatchObject({ result: { points: [{ id: 199 }] } })
})

test('P9 an answer over the server’s max_payload is an error that names the limit', async () => {
  const body = { limit: 200, with_payload: true }
  expect(await service.ask('scroll', { collection, body })).toMatchObject({
    status: 400,
    error: 'MILLRACE_MESSAGE_TOO_LARGE',
    body: { status: { error: expect.stringContaining('65536 bytes') } }
  })
  expect(await service.ask('scroll', { collection, body: { limit: 20 } })).toMatchObject({
    status: 200
  })
})

test('a message with odd headers, or sent by hand, leaves the connection as it was', async () => {
  const socket = connectSocket(service.nats.port, '127.0.0.1')
  socket.write('CONNECT {"headers":true,"verbose":false,"no_responders":false}\r\n')
  const subject = `millrace.v1.${collection}.count`
  for (const block of [
    'NATS/1.0\r\n: no name\r\n\r\n',
    'NATS/1.0\r\nb\u0001d: x\r\n\r\n',
    'odd',
    ''
  ]) {
    const bytes = Buffer.byteLength(block)
    socket.write(`HPUB ${subject} inbox.odd ${bytes} ${bytes}\r\n${block}\r\n`)
  }
  socket.write(`PUB ${subject} 0\r\n\r\n`)
  await sleep(200)
  socket.destroy()
  expect(await service.ask('count', { collection, body: {} })).toMatchObject({ status: 200 })
  expect(await service.ask('healthz')).toMatchObject({ status: 200 })
})

test('a collection token that is none is refused as a path is', async () => {
  const message = await service.connection.request('millrace.v1.=1.collection_info')
  expect(message.headers?.get('Nats-Service-Error-Code')).toBe('422')
})

test('the metrics count what came over NATS', async () => {
  const page = String((await service.ask('metrics')).body)
  expect(page).toMatch(/^millrace_nats_connections [1-9]/m)
  expect(page).toMatch(/^millrace_nats_requests_total [1-9]/m)
  expect(page).toMatch(/^millrace_nats_errors_total [1-9]/m)
})
