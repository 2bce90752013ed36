import { cpSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openKafkaLog } from '../../streams/kafka/index.ts'
import { temporaryFolder } from '../support/folders.ts'
import { KafkaBroker } from '../support/kafka-broker.ts'
import {
  digestsOf,
  eventually,
  expectEqual,
  isReady,
  type KafkaNode,
  shardsOf,
  startKafkaNode
} from '../support/kafka-nodes.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'
import { ownPrefix, sharedKafka } from '../support/shared-kafka.ts'
import { isLongRun } from '../support/sizes.ts'
import { WriteModel } from '../support/write-model.ts'

const rounds = isLongRun ? 20 : 3
const connections = 4
const idsPerConnection = 50
const impatient = ['--log.kafka.requestTimeoutMs', '1000', '--log.kafka.appendTimeoutMs', '4000']
const often = ['--checkpoints.everyBytes', '8192', '--checkpoints.everyMs', '200']
const shape = { vectors: { size: 3, distance: 'Euclid' }, shard_number: 2 }

/** One connection: writes to its own ids, and repeats what was refused until it is acknowledged. */
async function load(options: {
  readonly node: () => KafkaNode
  readonly model: WriteModel
  readonly connection: number
  readonly random: Random
  readonly isOver: () => boolean
}): Promise<{ writes: number; refusals: number }> {
  const { model, connection, random } = options
  let writes = 0
  let refusals = 0
  for (; !options.isOver(); writes++) {
    const ids = [connection * idsPerConnection + random.below(idsPerConnection)]
    const op = connection + connections * writes
    const state = random.chance(0.3) ? null : op
    const points = ids.map((id) => ({ id, vector: [id, op, 1], payload: { op } }))
    const path = `/collections/c/points${state === null ? '/delete' : ''}?wait=${random.chance(0.5)}`
    const body = { points: state === null ? ids : points }
    model.begin(ids, state)
    for (let isDone = false; !isDone; ) {
      const { status, body: answer } = await options
        .node()
        .client.send(state === null ? 'POST' : 'PUT', path, body)
      isDone = status === 200
      if (isDone) break
      expect(status, JSON.stringify(answer)).toBe(503)
      refusals += 1
      await sleep(20)
    }
    model.acknowledge(ids, state)
  }
  return { writes, refusals }
}

async function pointsOf({ client }: KafkaNode): Promise<Map<number, number>> {
  const answer = await client.call('POST', '/collections/c/points/scroll', {
    limit: 10_000,
    with_payload: true
  })
  const { points } = answer['result'] as { points: { id: number; payload: { op: number } }[] }
  return new Map(points.map(({ id, payload }) => [id, payload.op]))
}

test('P1 P3 with Kafka killed, frozen and restarted under load, writes wait or get 503, none is lost, doubled or revived', {
  timeout: 600_000
}, async () => {
  const random = new Random(testSeed())
  const broker = await KafkaBroker.start()
  const nodes: KafkaNode[] = []
  try {
    const start = () =>
      startKafkaNode(broker.address, 'm', temporaryFolder(), ...impatient, ...often)
    const [a, b] = await Promise.all([start(), start()])
    nodes.push(a, b)
    await a.client.call('PUT', '/collections/c', shape)
    await eventually(
      'b has it',
      async () => (await b.client.send('GET', '/collections/c')).status === 200
    )
    const model = new WriteModel()
    let isOver = false
    const loads = Promise.all(
      Array.from({ length: connections }, (_, connection) =>
        load({
          node: () => (connection % 2 === 0 ? a : b),
          model,
          connection,
          random: new Random(random.below(1e9)),
          isOver: () => isOver
        })
      )
    )
    for (let round = 0; round < rounds; round++) {
      await sleep(300 + random.below(500))
      if (round % 3 === 1) {
        broker.pause()
        await sleep(1_500 + random.below(4_000))
        broker.resume()
      } else {
        if (round % 3 === 0) await broker.kill()
        await sleep(random.below(500))
        await broker.restart()
      }
      await eventually('writes go on by themselves', async () => {
        const points = [{ id: 9999, vector: [1, 1, 1], payload: { op: 0 } }]
        const { status } = await a.client.send('PUT', '/collections/c/points', { points })
        return status === 200
      })
    }
    isOver = true
    const done = await loads
    model.begin([9999], 0)
    model.acknowledge([9999], 0)
    const shards = await expectEqual(a, b, 'c')
    // A replay from zero is what both have come to.
    const fresh = await start()
    nodes.push(fresh)
    await eventually('the third node has caught up', () => isReady(fresh))
    await expectEqual(a, fresh, 'c')
    const known = await pointsOf(a)
    expect(model.compare(known)).toEqual([])
    for (const node of [b, fresh]) expect(await pointsOf(node)).toEqual(known)
    console.info({ done, shards: shards.map(({ nextOffset }) => nextOffset) })
  } finally {
    await Promise.all(nodes.map((node) => node.stop('SIGKILL')))
    await broker.stop()
  }
})

async function write(node: KafkaNode, from: number, count: number): Promise<void> {
  for (let id = from; id < from + count; id++) {
    const points = [{ id, vector: [id, 1, 2], payload: { text: 'x'.repeat(200) } }]
    await node.client.call('PUT', '/collections/c/points?wait=true', { points })
  }
}

test('P1 when Kafka has forgotten what a replica needs, it says so, and comes back from a checkpoint', {
  timeout: 300_000
}, async () => {
  const brokers = await sharedKafka()
  const prefix = ownPrefix()
  const [dataA, dataB] = [temporaryFolder(), temporaryFolder()]
  const start = (data: string) => startKafkaNode(brokers, prefix, data, ...often)
  const log = await openKafkaLog({ brokers: [brokers], prefix })
  const [topic, partition] = ['c0.g0', 0] as const
  let [a, b] = await Promise.all([start(dataA), start(dataB)])
  await a.client.call('PUT', '/collections/c', { ...shape, shard_number: 1 })
  await write(a, 0, 50)
  await expectEqual(a, b, 'c')
  await b.stop()
  await write(a, 50, 50)
  await a.stop()

  // Everything below the newest checkpoint of a is forgotten; b stopped long before that.
  const { end } = await log.ends(topic, partition)
  await log.trimBefore(topic, partition, end)
  expect(await log.ends(topic, partition)).toEqual({ start: end, end })
  a = await start(dataA)
  await eventually('a runs', () => isReady(a))
  expect(await pointCount(a)).toBe(100)
  expect(
    (await a.client.call('POST', '/millrace/collections/c/shards/0/rebuild'))['result']
  ).toMatchObject({ equal: true, swapped: true })
  await write(a, 100, 10)

  b = await start(dataB)
  await eventually(
    'b says what it lacks',
    async () => (await shardsOf(b, 'c'))[0]?.replica === 'dead'
  )
  expect((await shardsOf(b, 'c'))[0]?.lastError).toContain('MILLRACE_CHECKPOINT_MISSING')
  expect(await isReady(b)).toBe(false)
  const refused = await b.client.send('POST', '/collections/c/points/scroll', { limit: 1 })
  expect(refused.status).toBe(503)
  expect(JSON.stringify(refused.body)).toContain('checkpoint')
  await b.stop()

  // A checkpoint is a state of the log, whichever node wrote it.
  rmSync(`${dataB}/shards`, { recursive: true, force: true })
  cpSync(`${dataA}/shards`, `${dataB}/shards`, { recursive: true })
  b = await start(dataB)
  await eventually('b runs', () => isReady(b))
  await expectEqual(a, b, 'c')
  expect(await digestsOf(b, 'c')).toMatchObject([{ points: '110' }])
  await Promise.all([a.stop(), b.stop()])
  for (const { topic: name } of await log.topics()) await log.deleteTopic(name)
  await log.close()
})

async function pointCount(node: KafkaNode): Promise<number> {
  const { result } = await node.client.call('POST', '/collections/c/points/count', { exact: true })
  return (result as { count: number }).count
}
