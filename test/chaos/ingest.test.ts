import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { type ServerProcess, startServerProcess } from '../../scripts/demo/server-process.ts'
import { temporaryFolder } from '../support/folders.ts'
import { KafkaBroker } from '../support/kafka-broker.ts'
import { type KafkaTopics, kafkaTopics, type TopicMessage } from '../support/kafka-topics.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'
import { isLongRun } from '../support/sizes.ts'
import { sourcedShard } from '../support/sourced-records.ts'

const messageCount = isLongRun ? 100_000 : 10_000
const ids = 3_000
const shards = 3
const poisons = [
  'no json',
  '{"id":1,"vector":[1,2,3]}',
  '{"id":-1,"vector":[1,2]}',
  '{"id":1,"vector":[1,"x"]}',
  '{"id":1,"vector":[1,2],"payload":7}'
] as const
const reasons: Readonly<Record<string, string>> = {
  [poisons[0]]: 'BAD_JSON',
  [poisons[1]]: 'DIM_MISMATCH',
  [poisons[2]]: 'BAD_ID',
  [poisons[3]]: 'BAD_VECTOR',
  [poisons[4]]: 'BAD_PAYLOAD'
}

/** A point stays in one partition, so that its messages have an order. */
function messageOf(sequence: number, random: Random): TopicMessage {
  const id = random.below(ids)
  const partition = id % 2
  if (random.below(100) === 0) return { value: random.pick(poisons), partition }
  if (random.below(20) === 0) return { key: JSON.stringify({ id }), value: null, partition }
  const vector = [sequence % 97, 1]
  return { value: JSON.stringify({ id, vector, payload: { sequence } }), partition }
}

async function start(data: string): Promise<{ server: ServerProcess; client: RestClient }> {
  const checkpoints = ['--checkpoints.everyBytes', '65536', '--checkpoints.everyMs', '300']
  const server = await startServerProcess(['--data', data, '--workers', '1', ...checkpoints])
  return { server, client: new RestClient(server.port) }
}

interface Status {
  readonly state: string
  readonly lagMessages: number | null
}

async function waitForNoLag(client: RestClient): Promise<void> {
  const deadline = Date.now() + 120_000
  for (;;) {
    const { body } = await client.send('GET', '/millrace/ingest/words')
    const status = body['result'] as Status | undefined
    // The end of the topic is asked for every five seconds: only then no lag means that nothing is missing.
    if (status?.state === 'running' && status.lagMessages === 0) {
      await sleep(5_500)
      const again = (await client.send('GET', '/millrace/ingest/words')).body['result'] as Status
      if (again.state === 'running' && again.lagMessages === 0) return
    }
    if (Date.now() > deadline) throw new Error(`lag remains: ${JSON.stringify(body)}`)
    await sleep(100)
  }
}

/** What the topic says, in its own order: each good message, the state that they leave, and where poison stands. */
async function expectedOf(topics: KafkaTopics) {
  const points = new Map<number, number>()
  const sequences: number[] = []
  const poisonAt = new Map<string, string>()
  let deletes = 0
  for (const { partition, offset, key, value } of await topics.readAll('words')) {
    if (value === null) {
      points.delete(JSON.parse(key ?? '{}').id)
      deletes += 1
    } else if (value in reasons) poisonAt.set(`words/${partition}/${offset}`, reasons[value] ?? '')
    else {
      const { id, payload } = JSON.parse(value)
      points.set(id, payload.sequence)
      sequences.push(payload.sequence)
    }
  }
  return { points, sequences, poisonAt, deletes }
}

test(`of ${messageCount} messages each is applied once, or set aside with its reason, while the node is killed three times and the broker once`, {
  timeout: isLongRun ? 900_000 : 240_000
}, async () => {
  const random = new Random(testSeed('ingest under kills'))
  const data = temporaryFolder()
  const broker = await KafkaBroker.start()
  const topics = await kafkaTopics(broker.address)
  let { server, client } = await start(data)
  try {
    await topics.create('words', 2)
    await client.call('PUT', '/collections/words', {
      vectors: { size: 2, distance: 'Dot' },
      shard_number: shards
    })
    await client.call('PUT', '/millrace/ingest/words', {
      collection: 'words',
      topics: ['words'],
      brokers: [broker.address],
      dead_letter_topic: 'words.dead',
      flush: { messages: 200, ms: 5 }
    })
    const kills = new Set([0.2, 0.5, 0.8].map((part) => Math.floor(part * 50)))
    const brokerKill = 30
    for (let round = 0; round < 50; round++) {
      const from = (round * messageCount) / 50
      const part = Array.from({ length: messageCount / 50 }, (_, index) =>
        messageOf(from + index, random)
      )
      await Promise.all(
        [0, 1].map((partition) =>
          topics.send(
            'words',
            part.filter((one) => one.partition === partition)
          )
        )
      )
      await sleep(random.below(60))
      if (kills.has(round)) {
        client.close()
        await server.stop('SIGKILL')
        ;({ server, client } = await start(data))
      }
      if (round === brokerKill) {
        await broker.kill()
        await sleep(500)
        await broker.restart()
      }
    }
    await waitForNoLag(client)

    const expected = await expectedOf(topics)
    expect(
      expected.sequences.length + expected.deletes + expected.poisonAt.size
    ).toBeGreaterThanOrEqual(messageCount)
    const { result } = await client.call('POST', '/collections/words/points/scroll', {
      limit: 2 * ids,
      with_payload: true
    })
    const found = (result as { points: { id: number; payload: { sequence: number } }[] }).points
    expect(new Map(found.map(({ id, payload }) => [id, payload.sequence]))).toEqual(
      new Map([...expected.points].sort(([a], [b]) => a - b))
    )
    const dead = await topics.readAll('words.dead')
    expect(new Map(dead.map(({ key, headers }) => [key, headers['millrace-reason']]))).toEqual(
      expected.poisonAt
    )

    await server.stop('SIGTERM')
    const applied = await Promise.all(
      Array.from({ length: shards }, (_, shard) => sourcedShard(data, 'c0.g0', shard))
    )
    const sequences = applied.flatMap(({ payloads }) =>
      payloads.map((text) => JSON.parse(text).sequence as number)
    )
    const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b)
    expect(sorted(sequences)).toEqual(sorted(expected.sequences))
    expect(applied.reduce((sum, { deletes }) => sum + deletes, 0)).toBe(expected.deletes)
    for (const { positions } of applied) expect(positions).toEqual(applied[0]?.positions)
    console.log(
      JSON.stringify(
        applied.map(({ repeated, early, payloads }) => ({
          repeated,
          early,
          applied: payloads.length
        }))
      )
    )
  } finally {
    client.close()
    await server.stop('SIGKILL')
    await topics.close().catch(() => {})
    await broker.stop()
    rmSync(data, { recursive: true, force: true })
  }
})
