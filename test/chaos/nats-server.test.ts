/** A NATS server that goes away, comes back, stands still, refuses; requests that are lost, late and doubled. */

import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'nats'
import { expect, onTestFinished, test } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { startServerProcess } from '../../scripts/demo/server-process.ts'
import { temporaryFolder } from '../support/folders.ts'
import { NatsServer, natsSetupMs } from '../support/nats-server.ts'
import { askNats, natsService, untilAnswered } from '../support/nats-service.ts'

const service = natsService()

/** Asks until the answer comes; each lost one is asked again. */
async function insist(operation: string, ask: Parameters<typeof askNats>[2]) {
  const endMs = Date.now() + 40_000
  for (;;) {
    try {
      const answer = await service.ask(operation, { ...ask, timeoutMs: 1000 })
      if (answer.headers.get('x-millrace-retryable') !== 'true') return answer
    } catch {
      // No answer: nobody knows what became of it.
    }
    if (Date.now() > endMs) throw new Error(`${operation} is not answered any more`)
    await sleep(20)
  }
}

async function fill(collection: string, until: () => boolean): Promise<Set<number>> {
  const acknowledged = new Set<number>()
  const write = async (writer: number) => {
    for (let id = writer; !until(); id += 4) {
      const body = { points: [{ id, vector: [1, id], payload: { id } }] }
      const answer = await insist('upsert', { collection, body, parameters: { wait: true } })
      if (answer.status === 200) acknowledged.add(id)
    }
  }
  await Promise.all([0, 1, 2, 3].map(write))
  return acknowledged
}

async function expectAll(collection: string, ids: ReadonlySet<number>): Promise<void> {
  const answer = await insist('retrieve', { collection, body: { ids: [...ids] } })
  expect((answer.body as { result: unknown[] }).result).toHaveLength(ids.size)
  const count = await insist('count', { collection, body: {} })
  // A write that was sent again changed nothing more.
  expect(count.body).toMatchObject({ result: { count: ids.size } })
}

const vectors = { vectors: { size: 2, distance: 'Dot' } }

test('P1 a server killed and started again under load loses no acknowledged write, with no help', {
  timeout: 120_000
}, async () => {
  const collection = 'killed'
  await service.ask('create_collection', { collection, body: vectors })
  let isOver = false
  const filling = fill(collection, () => isOver)
  for (let round = 0; round < 3; round++) {
    await sleep(300)
    await service.nats.kill(round === 2 ? 'SIGTERM' : 'SIGKILL')
    await sleep(200)
    await service.nats.launch()
  }
  await sleep(300)
  isOver = true
  const acknowledged = await filling
  expect(acknowledged.size).toBeGreaterThan(10)
  await expectAll(collection, acknowledged)
})

test('endpoints and $SRV are back after a restart, once each', async () => {
  await service.nats.restart()
  await untilAnswered(service.connection)
  const infos = await pings()
  expect(new Set(infos).size).toBe(infos.length)
  expect(infos.length).toBe(Math.max(1, Number(process.env['TEST_WORKERS'] ?? 0)))
})

async function pings(): Promise<string[]> {
  const found: string[] = []
  for await (const { id } of await service.connection.services.client().ping('millrace')) {
    found.push(id)
  }
  return found
}

test('a server that stands still for a while delays answers, and loses none that was given', async () => {
  const collection = 'paused'
  await service.ask('create_collection', { collection, body: vectors })
  let isOver = false
  const filling = fill(collection, () => isOver)
  await sleep(200)
  service.nats.pause()
  await sleep(1500)
  service.nats.resume()
  await sleep(500)
  isOver = true
  await expectAll(collection, await filling)
})

test('REST answers while NATS is away', async () => {
  await service.nats.kill()
  expect((await service.rest.send('GET', '/collections')).status).toBe(200)
  expect((await service.rest.send('GET', '/readyz')).status).toBe(200)
  await service.nats.launch()
  await untilAnswered(service.connection)
})

test('answers that nobody waits for any more, and requests that come twice, harm nothing', async () => {
  const collection = 'doubled'
  await service.ask('create_collection', { collection, body: vectors })
  const body = { points: [{ id: 1, vector: [1, 2], payload: { n: 1 } }] }
  const asked = Array.from({ length: 50 }, (_, index) =>
    service.ask('upsert', {
      collection,
      body,
      parameters: { wait: true },
      // Every second one is given up before it is answered.
      timeoutMs: index % 2 === 0 ? 1 : 10_000
    })
  )
  const outcomes = await Promise.allSettled(asked)
  expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(25)
  const late = { deadline_ms: 0 }
  expect(await service.ask('count', { collection, body: {}, parameters: late })).toMatchObject({
    status: 408
  })
  expect(await service.ask('count', { collection, body: {} })).toMatchObject({
    body: { result: { count: 1 } }
  })
})

test('a stop answers what it has taken, and gives the rest to nobody', async () => {
  const nats = await NatsServer.start()
  onTestFinished(() => nats.close())
  const millrace = await startServerProcess([
    ...['--data', temporaryFolder(), '--workers', '2', '--nats.url', nats.url]
  ])
  const connection = await connect({ servers: nats.url })
  onTestFinished(() => connection.close())
  await untilAnswered(connection)
  const collection = 'stopped'
  await askNats(connection, 'create_collection', { collection, body: vectors })
  const outcomes: string[] = []
  let isOver = false
  const ask = async (id: number) => {
    while (!isOver) {
      const body = { points: [{ id, vector: [1, 1] }] }
      await askNats(connection, 'upsert', { collection, body, parameters: { wait: true } }).then(
        ({ status, error }) => outcomes.push(error ?? String(status)),
        (error: { code?: string }) => outcomes.push(error.code ?? String(error))
      )
    }
  }
  const asking = Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(ask))
  await sleep(300)
  expect(await millrace.stop()).toBe(0)
  isOver = true
  await asking
  // 503: nobody is there any more.
  expect([...new Set(outcomes)].sort()).toEqual(expect.arrayContaining(['200', '503']))
  for (const outcome of outcomes)
    expect(['200', '503', 'MILLRACE_NODE_DRAINING']).toContain(outcome)
})

test('credentials that the server refuses are tried until they are right', {
  timeout: natsSetupMs
}, async () => {
  const right = 'authorization { user: mill, password: "stone" }'
  const nats = await NatsServer.start('authorization { user: mill, password: "other" }')
  onTestFinished(() => nats.close())
  const login = ['--nats.user', 'mill', '--nats.password', 'stone']
  const millrace = await startServerProcess([
    ...['--data', temporaryFolder(), '--workers', '0', '--nats.url', nats.url],
    ...login
  ])
  onTestFinished(async () => void (await millrace.stop()))
  const saysSo = () => millrace.log.some(({ msg }) => msg === 'nats refuses the credentials')
  for (let waited = 0; !saysSo() && waited < 200; waited++) await sleep(50)
  expect(saysSo()).toBe(true)
  expect(JSON.stringify(millrace.log)).not.toContain('stone')
  const rest = new RestClient(millrace.port)
  expect((await rest.send('GET', '/collections')).status).toBe(200)
  rest.close()
  nats.configure(right)
  await nats.restart()
  const connection = await connect({ servers: nats.url, user: 'mill', pass: 'stone' })
  onTestFinished(() => connection.close())
  await untilAnswered(connection)
})

test('a Millrace that takes nothing for a while is cut off as a slow consumer, and comes back', {
  timeout: natsSetupMs
}, async () => {
  const nats = await NatsServer.start('max_pending: 1MB\nwrite_deadline: "300ms"')
  onTestFinished(() => nats.close())
  const args = ['--data', temporaryFolder(), '--workers', '0', '--nats.url', nats.url]
  const millrace = await startServerProcess(args)
  onTestFinished(async () => void (await millrace.stop('SIGKILL')))
  const connection = await connect({ servers: nats.url })
  onTestFinished(() => connection.close())
  await untilAnswered(connection)
  millrace.child.kill('SIGSTOP')
  const body = new Uint8Array(100_000)
  for (let sent = 0; sent < 400 && !/slow consumer/i.test(nats.log()); sent++) {
    connection.publish('millrace.v1.words.upsert', body)
    await connection.flush()
  }
  for (let waited = 0; !/slow consumer/i.test(nats.log()) && waited < 100; waited++) await sleep(50)
  expect(nats.log()).toMatch(/slow consumer/i)
  millrace.child.kill('SIGCONT')
  await untilAnswered(connection)
})
