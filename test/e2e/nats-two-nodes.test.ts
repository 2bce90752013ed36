/** Two nodes on one Kafka and one NATS: whoever is asked, the answer is one system's. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { type ServerProcess, startServerProcess } from '../../scripts/demo/server-process.ts'
import { kafkaArguments, removeTopics } from '../support/log-arguments.ts'
import { NatsServer, natsSetupMs } from '../support/nats-server.ts'
import { askNats } from '../support/nats-service.ts'
import { ownPrefix, sharedKafka } from '../support/shared-kafka.ts'

const prefix = ownPrefix()
const folder = mkdtempSync(join(tmpdir(), 'millrace-nodes-'))
const collection = 'words'
let brokers: string
let nats: NatsServer | undefined
let connection: NatsConnection
let nodes: ServerProcess[] = []
let clients: RestClient[] = []

beforeAll(async () => {
  brokers = await sharedKafka()
  nats = await NatsServer.start()
  const { url } = nats
  nodes = await Promise.all(
    ['a', 'b'].map((name) =>
      startServerProcess([
        ...['--data', join(folder, name), '--workers', '1', ...kafkaArguments(brokers, prefix)],
        ...['--nats.url', url, '--query.transport', 'nats']
      ])
    )
  )
  clients = nodes.map(({ port }) => new RestClient(port))
  connection = await connect({ servers: url })
  while ((await members()) < nodes.length) await sleep(50)
  const body = { vectors: { size: 2, distance: 'Dot' }, shard_number: 2 }
  expect((await askNats(connection, 'create_collection', { collection, body })).status).toBe(200)
  await Promise.all(clients.map(untilKnown))
}, natsSetupMs)

afterAll(async () => {
  for (const client of clients) client.close()
  await connection?.close()
  await Promise.all(nodes.map((node) => node.stop()))
  await nats?.close()
  await removeTopics(brokers, prefix)
  rmSync(folder, { recursive: true, force: true })
})

async function members(): Promise<number> {
  let count = 0
  for await (const _one of await connection.services.client().ping('millrace')) count += 1
  return count
}

async function untilKnown(client: RestClient): Promise<void> {
  while ((await client.send('GET', `/collections/${collection}`)).status !== 200) await sleep(50)
}

test('P5 a read with the token of a write sees it, whichever node answers it', async () => {
  for (let id = 0; id < 40; id++) {
    const written = await askNats(connection, 'upsert', {
      collection,
      body: { points: [{ id, vector: [1, id], payload: { id } }] }
    })
    const after = written.headers.get('x-millrace-token') ?? ''
    const read = await askNats(connection, 'get_point', { collection, parameters: { id, after } })
    expect(read).toMatchObject({ status: 200, body: { result: { payload: { id } } } })
    const path = `/collections/${collection}/points/${id}?after=${after}`
    for (const client of clients) expect((await client.send('GET', path)).status).toBe(200)
  }
})

test('both nodes have answered, and give the same answers', async () => {
  const body = { query: [1, 0.5], limit: 10, with_payload: true }
  const answers = await Promise.all([
    ...clients.map(
      async (client) =>
        (await client.call('POST', `/collections/${collection}/points/query`, body))['result']
    ),
    ...Array.from({ length: 10 }, async () => {
      const answer = await askNats(connection, 'query', { collection, body })
      return (answer.body as { result: unknown }).result
    })
  ])
  for (const answer of answers) expect(answer).toEqual(answers[0])
  for (const client of clients) {
    const page = (await client.send('GET', '/metrics')).body['text']
    expect(page).toMatch(/^millrace_nats_requests_total [1-9]/m)
  }
})

test('P6 at equal offsets both nodes have equal digests', async () => {
  const replicas = await Promise.all(
    clients.map(async (client) => {
      const { result } = await client.call('GET', '/millrace/replicas')
      return (result as { shards: { nextOffset: string; digest: string }[] }[]).flatMap(
        ({ shards }) => shards.map(({ nextOffset, digest }) => ({ nextOffset, digest }))
      )
    })
  )
  expect(replicas[0]).toHaveLength(2)
  expect(replicas[1]).toEqual(replicas[0])
})

test('when one node is killed, the other answers', async () => {
  await nodes[0]?.stop('SIGKILL')
  const asked = Array.from({ length: 50 }, async () => {
    for (let attempt = 0; attempt < 10; attempt++) {
      // What the dead node was given before the server noticed has no answer.
      const answer = await askNats(connection, 'count', { collection, body: {}, timeoutMs: 2000 })
        .then(({ body }) => body)
        .catch(() => undefined)
      if (answer !== undefined) return answer
    }
    return undefined
  })
  for (const answer of await Promise.all(asked)) {
    expect(answer).toMatchObject({ result: { count: 40 } })
  }
})
