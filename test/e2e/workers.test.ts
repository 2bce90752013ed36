import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { loadConfig } from '../../src/config/index.ts'
import { type Server, startServer } from '../../src/server.ts'
import { temporaryFolder } from '../support/folders.ts'
import { logArguments, removeLog } from '../support/log-arguments.ts'

const gateways = 3
const data = mkdtempSync(join(tmpdir(), 'millrace-workers-'))
const threads: Worker[] = []
const remember = (worker: Worker) => threads.push(worker)
let server: Server
/** So many connections that every gateway has some: they are kept level. */
let clients: RestClient[] = []

beforeAll(async () => {
  process.on('worker', remember)
  const common = ['--port', '0', '--data', data, '--log-level', 'silent']
  const args = [...common, ...(await logArguments(data))]
  server = await startServer(loadConfig([...args, '--workers', String(gateways)], {}))
  while ((await metric('millrace_gateways_serving')) < gateways) await sleep(20)
  clients = Array.from({ length: 2 * gateways }, () => new RestClient(server.address.port))
  await Promise.all(clients.map((client) => client.call('GET', '/collections')))
})

afterAll(async () => {
  process.off('worker', remember)
  for (const client of clients) client.close()
  await server.stop('test')
  await removeLog(data)
  rmSync(data, { recursive: true, force: true })
})

async function metric(name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${server.address.port}/metrics`, {
    headers: { connection: 'close' }
  })
  const text = await response.text()
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}`))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

const each = <Result>(work: (client: RestClient) => Promise<Result>) =>
  Promise.all(clients.map(work))

test('P5 what one gateway created, changed or deleted, every gateway sees at once', async () => {
  const [first] = clients
  for (let round = 0; round < 20; round++) {
    const path = `/collections/c${round}`
    await first?.call('PUT', path, { vectors: { size: 2, distance: 'Dot' } })
    expect(await each(async (client) => (await client.send('GET', path)).status)).toEqual(
      clients.map(() => 200)
    )
    const writer = clients[round % clients.length]
    await writer?.call('PUT', `${path}/points?wait=true`, {
      points: [{ id: round, vector: [1, 2], payload: { round } }]
    })
    const answers = await each((client) => client.call('GET', `${path}/points/${round}`))
    for (const answer of answers) expect(answer['result']).toMatchObject({ payload: { round } })
    await writer?.call('DELETE', path)
    expect(await each(async (client) => (await client.send('GET', path)).status)).toEqual(
      clients.map(() => 404)
    )
  }
})

test('errors, tokens and wait timeouts pass through a gateway as they are', async () => {
  const [client] = clients
  await client?.call('PUT', '/collections/errors', { vectors: { size: 2, distance: 'Dot' } })
  const twice = await client?.send('PUT', '/collections/errors', {
    vectors: { size: 2, distance: 'Dot' }
  })
  expect(twice).toMatchObject({ status: 409 })
  const timed = await client?.send('PUT', '/collections/errors/points?wait=true&timeout=30', {
    points: [{ id: 1, vector: [1, 2] }]
  })
  expect(timed?.body['result']).toMatchObject({ status: 'completed' })
  const unwaited = await client?.send('PUT', '/collections/errors/points', {
    points: [{ id: 2, vector: [1, 2] }]
  })
  expect(unwaited?.body['result']).toMatchObject({ status: 'acknowledged' })
  await client?.call('DELETE', '/collections/errors')
})

test('the metrics count the requests of every gateway', async () => {
  const count = () => metric('rest_responses_total{method="GET",endpoint="/collections"')
  const before = await count()
  await each((client) => client.call('GET', '/collections'))
  expect(await count()).toBe(before + clients.length)
})

test('a gateway that dies takes its connections along, and is started again', async () => {
  const restarts = await metric('millrace_gateway_restarts')
  // As a thread does that ends by an exception.
  threads[1]?.emit('error', new Error('a gateway failed'))
  await threads[1]?.terminate()
  const outcomes = await Promise.allSettled(clients.map((one) => one.call('GET', '/collections')))
  const lost = outcomes.filter(({ status }) => status === 'rejected').length
  expect(lost).toBeLessThanOrEqual(2)
  while ((await metric('millrace_gateways_serving')) < gateways) await sleep(20)
  expect(await metric('millrace_gateway_restarts')).toBe(restarts + 1)
  const status = (await fetch(`http://127.0.0.1:${server.address.port}/readyz`)).status
  expect(status).toBe(200)
  await each((client) => client.call('GET', '/collections'))
})

test('P1 a stop in the middle of writes loses none that was acknowledged', async () => {
  const folder = temporaryFolder()
  const start = () =>
    startServer(
      loadConfig(['--port', '0', '--data', folder, '--log-level', 'silent', '--workers', '2'], {})
    )
  const first = await start()
  const client = new RestClient(first.address.port)
  await client.call('PUT', '/collections/c', { vectors: { size: 2, distance: 'Dot' } })
  const acknowledged: number[] = []
  let isOver = false
  const write = async (writer: number) => {
    for (let id = writer; !isOver; id += 8) {
      const points = [{ id, vector: [1, id] }]
      const answer = await client.send('PUT', `/collections/c/points?wait=${id % 3 === 0}`, {
        points
      })
      if (answer.status === 200) acknowledged.push(id)
    }
  }
  const writers = Array.from({ length: 8 }, (_, writer) => write(writer).catch(() => {}))
  await sleep(500)
  await first.stop('test')
  isOver = true
  await Promise.all(writers)
  client.close()
  expect(acknowledged.length).toBeGreaterThan(0)

  const second = await start()
  const reader = new RestClient(second.address.port)
  while ((await reader.send('GET', '/readyz')).status !== 200) await sleep(20)
  const ids = [...new Set(acknowledged)]
  const answer = await reader.call('POST', '/collections/c/points', { ids, with_payload: false })
  expect(answer['result']).toHaveLength(ids.length)
  reader.close()
  await second.stop('test')
})
