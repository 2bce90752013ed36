/** Two nodes on one Kafka and one NATS: whoever is asked, the answer is one system's. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { removeTopics } from '../support/kafka-arguments.ts'
import {
  eventually,
  expectEqual,
  isReady,
  type KafkaNode,
  startKafkaNode
} from '../support/kafka-nodes.ts'
import { NatsServer, natsSetupMs } from '../support/nats-server.ts'
import { askNats } from '../support/nats-service.ts'
import { ownPrefix, sharedKafka } from '../support/shared-kafka.ts'

const prefix = ownPrefix()
const folder = mkdtempSync(join(tmpdir(), 'millrace-nodes-'))
const collection = 'words'
let brokers: string
let nats: NatsServer | undefined
let connection: NatsConnection
let first: KafkaNode
let second: KafkaNode

beforeAll(async () => {
  brokers = await sharedKafka()
  nats = await NatsServer.start()
  const { url } = nats
  const start = (name: string) =>
    startKafkaNode(
      ...([brokers, prefix, join(folder, name)] as const),
      ...['--nats.url', url, '--query.transport', 'nats', '--recovery.readWaitMs', '20000']
    )
  ;[first, second] = await Promise.all([start('a'), start('b')])
  connection = await connect({ servers: url })
  await eventually('both nodes joined NATS', async () => (await members()) === 2)
  const body = { vectors: { size: 2, distance: 'Dot' }, shard_number: 2 }
  expect((await askNats(connection, 'create_collection', { collection, body })).status).toBe(200)
  for (const node of [first, second]) {
    await eventually('both nodes know the collection', async () => {
      const { status } = await node.client.send('GET', `/collections/${collection}`)
      return status === 200
    })
    await eventually('both nodes serve the collection', () => isReady(node))
  }
}, natsSetupMs)

afterAll(async () => {
  await connection?.close()
  await first?.stop()
  await second?.stop()
  await nats?.close()
  await removeTopics(brokers, prefix)
  rmSync(folder, { recursive: true, force: true })
})

async function members(): Promise<number> {
  let count = 0
  for await (const _one of await connection.services.client().ping('millrace')) count += 1
  return count
}

test('a node that has just learned of a collection takes writes to it, and answers queries', async () => {
  for (const name of Array.from({ length: 10 }, (_, at) => `new-${at}`)) {
    const shape = { vectors: { size: 2, distance: 'Dot' }, shard_number: 2 }
    await first.client.call('PUT', `/collections/${name}`, shape)
    const points = [{ id: 1, vector: [1, 2] }]
    const write = () =>
      second.client.send('PUT', `/collections/${name}/points?wait=true`, { points })
    let written = await write()
    while (written.status === 404) written = await write()
    expect(written.status).toBe(200)
    const query = { query: [1, 1], limit: 3 }
    const answer = await second.client.call('POST', `/collections/${name}/points/query`, query)
    expect(answer['result']).toMatchObject({ points: [{ id: 1, score: 3 }] })
  }
})

test('P5 a read with the token of a write sees it, whichever node answers it', async () => {
  for (let id = 0; id < 40; id++) {
    const written = await askNats(connection, 'upsert', {
      collection,
      body: { points: [{ id, vector: [1, id], payload: { id } }] }
    })
    expect(written).toMatchObject({ status: 200 })
    const after = written.headers.get('x-millrace-token') ?? ''
    const read = await askNats(connection, 'get_point', { collection, parameters: { id, after } })
    expect(read).toMatchObject({ status: 200, body: { result: { payload: { id } } } })
    const path = `/collections/${collection}/points/${id}?after=${after}`
    for (const { client } of [first, second]) {
      expect((await client.send('GET', path)).status).toBe(200)
    }
  }
})

test('P6 both nodes have answered, with the same answers and at equal digests', async () => {
  await expectEqual(first, second, collection)
  const body = { query: [1, 0.5], limit: 10, with_payload: true }
  const answers = await Promise.all([
    ...[first, second].map(
      async ({ client }) =>
        (await client.call('POST', `/collections/${collection}/points/query`, body))['result']
    ),
    ...Array.from({ length: 10 }, async () => {
      const answer = await askNats(connection, 'query', { collection, body })
      return (answer.body as { result: unknown }).result
    })
  ])
  for (const answer of answers) expect(answer).toEqual(answers[0])
  for (const { client } of [first, second]) {
    const page = (await client.send('GET', '/metrics')).body['text']
    expect(page).toMatch(/^millrace_nats_requests_total [1-9]/m)
  }
})

test('when one node is killed, the other answers', async () => {
  await first.stop('SIGKILL')
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
