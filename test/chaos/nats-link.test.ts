/** The connection itself: what breaks it inside the process, and what the server refuses later. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { NatsLink, type NatsSettings } from '../../src/api/nats/connection.ts'
import { createLogger } from '../../src/observability/index.ts'
import { NatsServer, natsSetupMs } from '../support/nats-server.ts'

let nats: NatsServer

beforeAll(async () => {
  nats = await NatsServer.start()
}, natsSetupMs)
afterAll(() => nats.close())

const settings = (): NatsSettings => ({
  servers: [nats.url],
  name: 'tested',
  inboxPrefix: '_INBOX',
  login: { kind: 'none' },
  tls: { ca: undefined, cert: undefined, key: undefined }
})

const logger = createLogger('silent')

async function linkWith(
  serve: (connection: NatsConnection) => Promise<void>
): Promise<{ link: NatsLink; losses: () => number }> {
  let losses = 0
  const hooks = {
    onConnection: serve,
    onLoss: () => {
      losses += 1
    }
  }
  const link = new NatsLink(settings(), logger, hooks, 200)
  onTestFinished(() => link.close())
  while (!link.isUp) await sleep(10)
  return { link, losses: () => losses }
}

const forEver = () => new Promise<never>(() => {})

test('a callback that throws deafens the connection only until the next pings', async () => {
  const { link, losses } = await linkWith(async (connection) => {
    connection.subscribe('tested.echo', { callback: (_error, message) => message.respond('heard') })
    connection.subscribe('tested.throw', {
      callback: () => {
        throw new Error('out of a callback')
      }
    })
    await forEver()
  })
  const connection = link.connection
  expect((await connection?.request('tested.echo'))?.string()).toBe('heard')
  connection?.publish('tested.throw')
  for (let waited = 0; losses() === 0 && waited < 500; waited++) await sleep(10)
  expect(losses()).toBeGreaterThan(0)
  while (!link.isUp) await sleep(10)
  expect((await link.connection?.request('tested.echo', '', { timeout: 2000 }))?.string()).toBe(
    'heard'
  )
})

test('what serves a connection and fails is started again, on a new connection', async () => {
  let lives = 0
  const { link } = await linkWith(async () => {
    lives += 1
    if (lives < 3) throw new Error('a subscription was refused')
    await forEver()
  })
  for (let waited = 0; lives < 3 && waited < 1000; waited++) await sleep(10)
  expect(lives).toBe(3)
  while (!link.isUp) await sleep(10)
  await link.connection?.flush()
})

test('a link that never reached its server can be closed', async () => {
  const nobody = { ...settings(), servers: ['nats://127.0.0.1:1'] }
  const link = new NatsLink(nobody, logger, { onConnection: forEver, onLoss: () => {} })
  await sleep(50)
  await link.close()
  expect(link.isUp).toBe(false)
})

test('a link whose server is gone can be closed', async () => {
  const { link } = await linkWith(forEver)
  await nats.kill()
  while (link.isUp) await sleep(10)
  await link.close()
  await nats.launch()
})
