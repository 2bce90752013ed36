/** Queries that reach their shards through NATS, while NATS does its worst. */
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Msg, type NatsConnection } from 'nats'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { NatsShardPort } from '../../src/api/nats/index.ts'
import { partHeader } from '../../src/api/nats/shard-subjects.ts'
import { packMeta } from '../../src/domain/record/index.ts'
import { natsService, untilAnswered } from '../support/nats-service.ts'

const service = natsService({
  natsConfig: 'max_payload: 8KB',
  args: ['--query.transport', 'nats']
})
const collection = 'scattered'
const query = { query: [1, 0.5], limit: 5, with_payload: true }

beforeAll(async () => {
  const { rest } = service
  await rest.call('PUT', `/collections/${collection}`, {
    vectors: { size: 2, distance: 'Dot' },
    shard_number: 3
  })
  const points = Array.from({ length: 500 }, (_, id) => ({
    id,
    vector: [id % 7, id % 11],
    payload: { text: 'word '.repeat(40), id }
  }))
  await rest.call('PUT', `/collections/${collection}/points?wait=true`, { points })
})

const ask = (path: string, body: object) =>
  service.rest.send('POST', `/collections/${collection}/points/${path}`, body)

test('answers longer than a message come in parts', async () => {
  const page = await ask('scroll', { limit: 500, with_payload: true, with_vector: true })
  expect(page.status).toBe(200)
  const { points } = page.body['result'] as { points: { id: number }[] }
  expect(points.map(({ id }) => id)).toEqual(Array.from({ length: 500 }, (_, id) => id))
})

test('P9 a request over max_payload is refused by the name of the limit', async () => {
  const values = Array.from({ length: 2000 }, (_, index) => `long value ${index}`)
  const answer = await ask('query', {
    ...query,
    filter: { must: [{ key: 'text', match: { any: values } }] }
  })
  expect(answer).toMatchObject({
    status: 400,
    body: { status: { code: 'MILLRACE_MESSAGE_TOO_LARGE' } }
  })
})

test('a query waits for NATS to come back, and says so when it does not', async () => {
  const before = await ask('query', query)
  await service.nats.kill()
  const late = await ask('query?timeout=1', query)
  expect(late).toMatchObject({
    status: 503,
    body: { status: { code: 'MILLRACE_NATS_UNANSWERED' } }
  })
  const waiting = ask('query?timeout=30', query)
  await sleep(300)
  await service.nats.launch()
  const answer = await waiting
  expect(answer.status).toBe(200)
  expect(answer.body['result']).toEqual(before.body['result'])
  await untilAnswered(service.connection)
})

test('queries go on while the server is killed again and again', { timeout: 120_000 }, async () => {
  const { body } = await ask('query', query)
  let isOver = false
  const statuses = new Set<number>()
  const asking = Promise.all(
    [1, 2, 3, 4].map(async () => {
      while (!isOver) {
        const answer = await ask('query?timeout=20', query)
        statuses.add(answer.status)
        if (answer.status === 200) expect(answer.body['result']).toEqual(body['result'])
      }
    })
  )
  for (let round = 0; round < 3; round++) {
    await sleep(200)
    await service.nats.restart()
  }
  await sleep(500)
  isOver = true
  await asking
  expect([...statuses]).toEqual([200])
})

interface Answerer {
  readonly port: NatsShardPort
  readonly requests: Msg[]
  readonly connection: NatsConnection
}

/** A port that asks a peer of the test's own making. */
async function answeredBy(answer: (message: Msg, attempt: number) => void): Promise<Answerer> {
  const [asking, connection] = await Promise.all(
    [1, 2].map(() => connect({ servers: service.nats.url }))
  )
  if (asking === undefined || connection === undefined) throw new Error('not connected')
  onTestFinished(async () => {
    await asking.close()
    await connection.close()
  })
  const requests: Msg[] = []
  connection.subscribe('test.internal.v1.7.>', {
    callback: (_error, message) => answer(message, requests.push(message))
  })
  await connection.flush()
  const port = new NatsShardPort('test', '_INBOX')
  port.attach(asking)
  return { port, requests, connection }
}

const request = (waitMs: number) => ({
  peerId: 7,
  collectionId: 1n,
  generation: 1,
  shard: 0,
  verb: 'count',
  body: new Uint8Array(0),
  deadlineNs: process.hrtime.bigint() + BigInt(waitMs) * 1_000_000n
})

test('a lost answer is asked for again, and the late one is let go', async () => {
  const { port, requests } = await answeredBy((message, attempt) => {
    // The first answer comes after the second.
    if (attempt === 1) setTimeout(() => message.respond('late'), 2600)
    else setTimeout(() => message.respond('second'), 100)
  })
  const answer = await port.ask(request(20_000))
  expect(Buffer.from(answer).toString()).toBe('second')
  expect(requests).toHaveLength(2)
  await sleep(600)
})

test('an answer that comes twice is taken once', async () => {
  const { port } = await answeredBy((message, attempt) => {
    message.respond(`answer ${attempt}`)
    message.respond(`answer ${attempt}`)
  })
  for (const attempt of [1, 2, 3]) {
    const answer = await port.ask(request(5000))
    expect(Buffer.from(answer).toString()).toBe(`answer ${attempt}`)
  }
})

test('parts of an answer may come twice and in any order', async () => {
  const { headers } = await import('nats')
  const { port } = await answeredBy((message) => {
    for (const part of [2, 1, 2, 3]) {
      const numbered = headers()
      numbered.set(partHeader, `${part}/3`)
      message.respond(`<${part}>`, { headers: numbered })
    }
  })
  expect(Buffer.from(await port.ask(request(5000))).toString()).toBe('<1><2><3>')
})

test('a failure of the other node is the same failure here', async () => {
  const { headers } = await import('nats')
  const { port } = await answeredBy((message) => {
    const failed = headers()
    failed.set('Nats-Service-Error', 'MILLRACE_SHARD_STOPPED')
    const details = { shard: 3, offset: 5n, reason: 'out of memory' }
    message.respond(packMeta({ code: 'MILLRACE_SHARD_STOPPED', details }), { headers: failed })
  })
  await expect(port.ask(request(5000))).rejects.toMatchObject({
    code: 'MILLRACE_SHARD_STOPPED',
    details: { shard: 3, reason: 'out of memory' }
  })
})

test('nobody who listens, and a peer that is silent, are told apart when time is up', async () => {
  const { port } = await answeredBy(() => {})
  await expect(port.ask(request(300))).rejects.toThrow(/silence/)
  await expect(port.ask({ ...request(300), peerId: 8 })).rejects.toThrow(/nobody listens/)
})

test('a caller that goes away waits no more', async () => {
  const { port } = await answeredBy(() => {})
  const controller = new AbortController()
  const asked = port.ask({ ...request(30_000), signal: controller.signal })
  setTimeout(() => controller.abort(), 50)
  await expect(asked).rejects.toMatchObject({ code: 'MILLRACE_CANCELLED' })
})
