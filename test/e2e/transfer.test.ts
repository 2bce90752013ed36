/** Nodes on one Kafka and one NATS: one that joins when the log has forgotten its beginning gets the state from another. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { ActorFacts } from '../../src/domain/node-port.ts'
import { temporaryFolder } from '../support/folders.ts'
import { removeTopics } from '../support/kafka-arguments.ts'
import {
  digestsOf,
  eventually,
  expectEqual,
  isReady,
  type KafkaNode,
  shardsOf,
  startKafkaNode
} from '../support/kafka-nodes.ts'
import { kafkaTopics } from '../support/kafka-topics.ts'
import { NatsServer, natsSetupMs } from '../support/nats-server.ts'
import { ownPrefix, sharedKafka } from '../support/shared-kafka.ts'

const size = 64
const count = 4_000
const collection = 'given'

test('P5 P6 a node that joins after the topic was trimmed gets its state from a peer, from another when that one is killed, and has the same digest', {
  timeout: natsSetupMs
}, async () => {
  const brokers = await sharedKafka()
  const prefix = ownPrefix()
  // Messages are small, so that a state comes in many parts.
  const nats = await NatsServer.start('max_payload: 8192')
  const start = () => startKafkaNode(brokers, prefix, temporaryFolder(), '--nats.url', nats.url)
  const nodes: KafkaNode[] = []
  const topics = await kafkaTopics(brokers)
  try {
    const [first, second] = await Promise.all([start(), start()])
    nodes.push(first, second)
    const shape = { vectors: { size, distance: 'Euclid' }, shard_number: 2 }
    await first.client.call('PUT', `/collections/${collection}`, shape)
    await eventually('the second node is ready', () => isReady(second))
    const write = async (node: KafkaNode, from: number, round: number) => {
      const points = Array.from({ length: 500 }, (_, index) => ({
        id: from + index,
        vector: Array.from({ length: size }, (_one, at) => from + index + at / 64),
        payload: { round, text: 'x'.repeat(500) }
      }))
      await node.client.call('PUT', `/collections/${collection}/points?wait=true`, { points })
    }
    for (let from = 0; from < count; from += 500) await write(first, from, 0)
    await expectEqual(first, second, collection)
    const topic = (await actorsOf(first)).find(({ kind }) => kind === 'collection')?.name
    for (const { shard, nextOffset } of await digestsOf(first, collection)) {
      await topics.trim(`${prefix}.${topic}`, shard, Number(nextOffset))
    }

    // One node joins in peace, while writes go on.
    const third = await start()
    nodes.push(third)
    await write(first, 0, 1)
    await eventually('the third node is ready', () => isReady(third))
    await expectEqual(first, third, collection)
    expect(third.server.log).toContainEqual(
      expect.objectContaining({ msg: 'state was received from another node' })
    )

    // Of the nodes that have the state the one that gives it is killed.
    const fourth = await start()
    nodes.push(fourth)
    const giver = await giverTo(fourth, nodes)
    await giver.stop('SIGKILL')
    const alive = nodes.filter((node) => node !== giver)
    await eventually('the fourth node is ready', () => isReady(fourth))
    const failures = fourth.server.log.filter(({ msg }) => msg === 'a transfer failed')
    console.log('transfers that failed when their peer was killed:', failures.length)
    const [other] = alive
    if (other === undefined) throw new Error('nobody is left')
    await write(other, 1_000, 2)
    const found = await expectEqual(other, fourth, collection)
    expect(found.reduce((sum, { points }) => sum + Number(points), 0)).toBe(count)
    expect((await shardsOf(fourth, collection)).map(({ lastError }) => lastError)).toEqual([
      null,
      null
    ])
    await Promise.all(alive.map((node) => node.stop()))
  } finally {
    await Promise.all(nodes.map((node) => node.stop('SIGKILL')))
    await topics.close()
    await nats.close()
    await removeTopics(brokers, prefix)
  }
})

/** Waits for the node that begins to give, which takes some hundred messages from there on. */
async function giverTo(joining: KafkaNode, nodes: readonly KafkaNode[]): Promise<KafkaNode> {
  const startedAt = String(joining.server.log[0]?.['time'])
  for (const endMs = performance.now() + 60_000; performance.now() < endMs; await sleep(2)) {
    const giver = nodes.find(({ server }) =>
      server.log.some(
        ({ msg, time }) => msg === 'a shard is given to another node' && String(time) >= startedAt
      )
    )
    if (giver !== undefined) return giver
  }
  throw new Error('nobody gives')
}

async function actorsOf({ client }: KafkaNode): Promise<readonly ActorFacts[]> {
  return (await client.call('GET', '/millrace/actors'))['result'] as readonly ActorFacts[]
}
