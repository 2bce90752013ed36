import { afterAll, beforeAll, expect, test } from 'vitest'
import { type KafkaTopics, kafkaTopics } from '../support/kafka-topics.ts'
import { restServer } from '../support/rest-server.ts'
import { ownPrefix, sharedKafka } from '../support/shared-kafka.ts'

const server = restServer()
let address = ''
let topics: KafkaTopics

beforeAll(async () => {
  address = await sharedKafka()
  topics = await kafkaTopics(address)
}, 90_000)
afterAll(() => topics?.close())

interface Status {
  readonly state: string
  readonly id: string
  readonly lagMessages: number | null
  readonly reason: string | null
  readonly deadLetters: number
  readonly partitions: readonly { position: string; lagMessages: number }[]
}

async function collection(name: string, shards = 2): Promise<void> {
  const vectors = { size: 2, distance: 'Dot' }
  const made = await server.client.send('PUT', `/collections/${name}`, {
    vectors,
    shard_number: shards
  })
  expect(made.status).toBe(200)
}

async function put(name: string, body: object): Promise<void> {
  const answer = await server.client.send('PUT', `/millrace/ingest/${name}`, {
    brokers: [address],
    ...body
  })
  expect(answer.body).toMatchObject({ result: true })
}

async function act(name: string, action: string, body?: object): Promise<void> {
  const answer = await server.client.send('POST', `/millrace/ingest/${name}/${action}`, body)
  expect(answer.body).toMatchObject({ result: true })
}

async function statusOf(name: string): Promise<Status> {
  const { body } = await server.client.send('GET', `/millrace/ingest/${name}`)
  return (body as { result: Status }).result
}

async function waitFor(
  name: string,
  what: string,
  holds: (status: Status) => boolean,
  timeoutMs = 30_000
): Promise<Status> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const status = await statusOf(name)
    if (holds(status)) return status
    if (Date.now() > deadline) throw new Error(`${name}: not ${what}: ${JSON.stringify(status)}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Every message up to these ends is applied. */
function caughtUp(name: string, ...ends: number[]): Promise<Status> {
  return waitFor(
    name,
    `at ${ends}`,
    ({ partitions }) =>
      partitions.length === ends.length &&
      ends.every((end, index) => Number(partitions[index]?.position) >= end)
  )
}

async function pointsOf(name: string) {
  const { body } = await server.client.send('POST', `/collections/${name}/points/scroll`, {
    limit: 1000,
    with_payload: true,
    with_vector: true
  })
  return (body as { result: { points: { id: number; payload: unknown; vector: unknown }[] } })
    .result.points
}

const point = (id: number, n = id) => ({
  value: JSON.stringify({ id, vector: [n, 1], payload: { n } })
})

test('messages become points, tombstones delete, and poison is set aside with its reason', async () => {
  const name = ownPrefix()
  await collection(name)
  await topics.create(name, 2)
  await put(name, { collection: name, topics: [name], dead_letter_topic: `${name}.dead` })
  await topics.send(name, [
    point(1),
    point(2),
    { key: 'order-7', value: '{"id":3,"vector":[1,2,3]}' },
    { key: '{"id":2}', value: null },
    { value: 'no json' },
    point(1, 9),
    { ...point(5), partition: 1 }
  ])
  await caughtUp(name, 6, 1)
  expect(await pointsOf(name)).toEqual([
    { id: 1, payload: { n: 9 }, vector: [9, 1] },
    { id: 5, payload: { n: 5 }, vector: [5, 1] }
  ])
  const dead = await topics.readAll(`${name}.dead`)
  expect(dead.map(({ key, value, headers }) => [key, value, headers['millrace-reason']])).toEqual([
    [`${name}/0/2`, '{"id":3,"vector":[1,2,3]}', 'DIM_MISMATCH'],
    [`${name}/0/4`, 'no json', 'BAD_JSON']
  ])
  expect(dead[0]?.headers).toMatchObject({
    'millrace-ingest': name,
    'millrace-source-topic': name,
    'millrace-source-partition': '0',
    'millrace-source-offset': '2',
    'millrace-source-key': 'order-7'
  })
  const status = await statusOf(name)
  expect(status).toMatchObject({ state: 'running', lagMessages: 0, deadLetters: 2, reason: null })
  const metrics = await fetch(`${server.url}/metrics`).then((response) => response.text())
  expect(metrics).toContain(`millrace_ingest_dead_letters{ingest="${name}"} 2`)
})

test('paused it reads nothing, and resumed it goes on where it was', async () => {
  const name = ownPrefix()
  await collection(name)
  await topics.create(name)
  await put(name, { collection: name, topics: [name] })
  await topics.send(name, [point(1)])
  await caughtUp(name, 1)
  await act(name, 'pause')
  await waitFor(name, 'paused', ({ state }) => state === 'paused')
  await topics.send(name, [point(2)])
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(await pointsOf(name)).toHaveLength(1)
  await act(name, 'resume')
  await caughtUp(name, 2)
  expect(await pointsOf(name)).toHaveLength(2)
})

test('it starts where it is told, and a reset reads again', async () => {
  const name = ownPrefix()
  await collection(name)
  await topics.create(name, 2)
  await topics.send(name, [point(1), point(2), point(3), { ...point(4), partition: 1 }])
  await put(name, {
    collection: name,
    topics: [name],
    start: { offsets: { [name]: { 0: 2 } } }
  })
  await caughtUp(name, 3, 1)
  expect((await pointsOf(name)).map(({ id }) => id)).toEqual([3, 4])
  const before = await statusOf(name)
  await act(name, 'reset', { start: 'earliest' })
  await waitFor(name, 'reset', ({ id }) => id !== before.id)
  await caughtUp(name, 3, 1)
  expect((await pointsOf(name)).map(({ id }) => id)).toEqual([1, 2, 3, 4])
  const other = `${name}-latest`
  await put(other, { collection: name, topics: [name], start: 'latest' })
  await waitFor(other, 'running', ({ state }) => state === 'running')
  await topics.send(name, [point(9)])
  const latest = await caughtUp(other, 4, 1)
  expect(latest).toMatchObject({ lagMessages: 0 })
})

test('a topic that was made anew stops it with that reason, until it is reset', async () => {
  const name = ownPrefix()
  await collection(name)
  await topics.create(name)
  await put(name, { collection: name, topics: [name] })
  await topics.send(name, [point(1), point(2), point(3)])
  await caughtUp(name, 3)
  await act(name, 'pause')
  await topics.delete(name)
  await new Promise((resolve) => setTimeout(resolve, 1000))
  await topics.create(name)
  await topics.send(name, [point(7)])
  await act(name, 'resume')
  const failed = await waitFor(name, 'failed', ({ state }) => state === 'failed')
  expect(failed.reason).toContain('MILLRACE_SOURCE_RECREATED')
  expect(await pointsOf(name)).toHaveLength(3)
  await act(name, 'reset')
  await waitFor(name, 'reset', ({ id }) => id !== failed.id)
  await caughtUp(name, 1)
  expect((await pointsOf(name)).map(({ id }) => id)).toEqual([1, 2, 3, 7])
})

test('messages that were deleted before they were read stop it with that reason', async () => {
  const name = ownPrefix()
  await collection(name)
  await topics.create(name)
  await put(name, { collection: name, topics: [name] })
  await topics.send(name, [point(1)])
  await caughtUp(name, 1)
  await act(name, 'pause')
  await topics.send(name, [point(2), point(3)])
  await topics.trim(name, 0, 2)
  await act(name, 'resume')
  const failed = await waitFor(name, 'failed', ({ state }) => state === 'failed')
  expect(failed.reason).toContain('MILLRACE_SOURCE_TRIMMED')
})

test('Debezium’s change events keep a collection like a table', async () => {
  const name = ownPrefix()
  await collection(name)
  await topics.create(name)
  await put(name, {
    collection: name,
    topics: [name],
    format: 'debezium',
    mapping: { vector: 'embedding' }
  })
  const row = (id: number, title: string) => ({ id, embedding: `[${id},0.5]`, title })
  const event = (op: string, before: object | null, after: object | null) => ({
    value: JSON.stringify({ schema: {}, payload: { before, after, op } })
  })
  await topics.send(name, [
    event('r', null, row(1, 'a')),
    event('c', null, row(2, 'b')),
    event('u', row(1, 'a'), row(1, 'A')),
    event('d', row(2, 'b'), null),
    { key: '{"payload":{"id":2},"schema":{}}', value: null }
  ])
  await caughtUp(name, 5)
  expect(await pointsOf(name)).toEqual([{ id: 1, payload: { title: 'A' }, vector: [1, 0.5] }])
})

test('a wrong definition is refused with what is wrong', async () => {
  const name = ownPrefix()
  await collection(name)
  const refused = async (body: object, status: number, text: string) => {
    const answer = await server.client.send('PUT', `/millrace/ingest/${name}`, body)
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([
      status,
      expect.stringContaining(text)
    ])
  }
  const right = { collection: name, topics: ['t'] }
  await refused({ topics: ['t'] }, 400, 'missing field `collection`')
  await refused({ ...right, collection: 'nobody' }, 404, 'nobody')
  await refused({ ...right, topics: ['a b'] }, 400, 'no name of a topic')
  await refused({ ...right, dead_letter_topic: 't' }, 400, 'dead_letter_topic')
  await refused({ ...right, format: 'json', mapping: { id: 'a..b' } }, 400, 'is no path')
  await refused({ ...right, mapping: { id: 'a' } }, 400, 'format')
  const embedded = { vector: { text: 'title', embedding: 'small' } }
  await refused({ ...right, format: 'json', mapping: embedded }, 400, 'no embedding `small`')
  expect((await server.client.send('GET', '/millrace/ingest/nobody')).status).toBe(404)
  expect((await server.client.send('POST', '/millrace/ingest/nobody/pause')).status).toBe(404)
})

test('it is listed, deleted, and goes with its collection', async () => {
  const name = ownPrefix()
  await collection(name)
  await put(`${name}-a`, { collection: name, topics: ['t'] })
  await put(`${name}-b`, { collection: name, topics: ['t'] })
  const names = async () => {
    const { body } = await server.client.send('GET', '/millrace/ingest')
    const { ingests } = (body as { result: { ingests: { name: string }[] } }).result
    return ingests.map((one) => one.name).filter((one) => one.startsWith(name))
  }
  expect(await names()).toEqual([`${name}-a`, `${name}-b`])
  await server.client.send('DELETE', `/millrace/ingest/${name}-a`)
  expect(await names()).toEqual([`${name}-b`])
  await server.client.send('DELETE', `/collections/${name}`)
  expect(await names()).toEqual([])
})
