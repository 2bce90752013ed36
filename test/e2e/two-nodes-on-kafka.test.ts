import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { temporaryFolder } from '../support/folders.ts'
import { removeTopics } from '../support/kafka-arguments.ts'
import {
  digestsOf,
  eventually,
  expectEqual,
  isReady,
  type KafkaNode,
  startKafkaNode
} from '../support/kafka-nodes.ts'
import { ownPrefix, sharedKafka } from '../support/shared-kafka.ts'

const prefix = ownPrefix()
let brokers = ''
beforeAll(async () => {
  brokers = await sharedKafka()
})
afterAll(() => removeTopics(brokers, prefix))

const shape = { vectors: { size: 3, distance: 'Euclid' }, shard_number: 3 }

async function hasCollection({ client }: KafkaNode, name: string): Promise<boolean> {
  return (await client.send('GET', `/collections/${name}`)).status === 200
}

test('P5 P6 two nodes on one Kafka: each writes, each answers, and digests are equal at equal offsets', async () => {
  const [a, b] = await Promise.all([
    startKafkaNode(brokers, prefix, temporaryFolder()),
    startKafkaNode(brokers, prefix, temporaryFolder())
  ])
  await a.client.call('PUT', '/collections/both', shape)
  await eventually('b has it as well', () => hasCollection(b, 'both'))
  await eventually('b is ready', () => isReady(b))

  const writing = [a, b].map(async (node, writer) => {
    for (let i = 0; i < 100; i++) {
      // Half of the ids are written by both.
      const ids = [i, 1000 + 100 * writer + i]
      const points = ids.map((id) => ({ id, vector: [id, i, writer], payload: { writer, i } }))
      await node.client.call('PUT', `/collections/both/points?wait=${i % 2 === 0}`, { points })
    }
  })
  await Promise.all(writing)
  const found = await expectEqual(a, b, 'both')
  expect(found.reduce((sum, { points }) => sum + Number(points), 0)).toBe(300)

  // What one node has acknowledged the other one shows to a reader that carries the token.
  for (let i = 0; i < 20; i++) {
    const [writer, reader] = i % 2 === 0 ? [a, b] : [b, a]
    const response = await fetch(
      `http://127.0.0.1:${writer.server.port}/collections/both/points?wait=false`,
      {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ points: [{ id: 5000 + i, vector: [i, i, i] }] })
      }
    )
    const token = response.headers.get('x-millrace-token') ?? ''
    const path = `/collections/both/points?after=${encodeURIComponent(token)}`
    const { result } = await reader.client.call('POST', path, { ids: [5000 + i] })
    expect(result).toHaveLength(1)
  }

  const query = { query: [7, 7, 7], limit: 10, with_payload: true }
  await expectEqual(a, b, 'both')
  const answers = await Promise.all(
    [a, b].map(({ client }) => client.call('POST', '/collections/both/points/query', query))
  )
  expect(answers[1]?.['result']).toEqual(answers[0]?.['result'])

  await b.client.call('DELETE', '/collections/both')
  await eventually('a has lost it as well', async () => !(await hasCollection(a, 'both')))
  await Promise.all([a.stop(), b.stop()])
})

test('a node that starts beside another takes nothing of it away, and catches up', async () => {
  const data = temporaryFolder()
  const a = await startKafkaNode(brokers, prefix, temporaryFolder())
  let isOver = false
  // Collections come and go while nodes start, which look for leftovers then.
  const making = (async () => {
    let made = 0
    for (; !isOver; made++) {
      await a.client.call('PUT', `/collections/made${made}`, shape)
      const points = [{ id: 1, vector: [1, 2, 3] }]
      await a.client.call('PUT', `/collections/made${made}/points?wait=true`, { points })
      if (made >= 3) await a.client.call('DELETE', `/collections/made${made - 3}`)
    }
    return made
  })()
  for (let round = 0; round < 3; round++) {
    const b = await startKafkaNode(brokers, prefix, data)
    await sleep(200)
    await b.stop(round === 1 ? 'SIGKILL' : 'SIGTERM')
  }
  isOver = true
  const made = await making
  const b = await startKafkaNode(brokers, prefix, data)
  for (let i = Math.max(0, made - 3); i < made; i++) {
    const name = `made${i}`
    await eventually(`b has ${name}`, async () => (await digestsOf(b, name)).length === 3)
    const found = await expectEqual(a, b, name)
    expect(found.reduce((sum, { points }) => sum + Number(points), 0)).toBe(1)
  }
  await Promise.all([a.stop(), b.stop()])
})

test('a data folder is used with the log that its states are of, and no other', async () => {
  const data = temporaryFolder()
  const node = await startKafkaNode(brokers, prefix, data)
  await node.stop()
  await expect(startKafkaNode(brokers, ownPrefix(), data)).rejects.toThrow(/another log/)
})
