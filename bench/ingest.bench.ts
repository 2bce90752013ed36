/** How fast do messages of Kafka become points that a search finds? Points a second, and from source to searchable. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RestClient } from '../scripts/demo/rest-client.ts'
import { startServerProcess } from '../scripts/demo/server-process.ts'
import { KafkaBroker } from '../test/support/kafka-broker.ts'
import { type KafkaTopics, kafkaTopics, type TopicMessage } from '../test/support/kafka-topics.ts'
import { Random } from '../test/support/random.ts'

const sizes = {
  small: { points: 20_000, seconds: 2 },
  real: { points: 300_000, seconds: 20 }
} as const
const dimension = 100
/** Of the steady load, whose messages are looked for. */
const steadyPerSecond = 5_000
const partitions = 2

export interface IngestResult {
  readonly bench: 'ingest'
  readonly op: 'drain' | 'steady'
  readonly points: number
  readonly dimension: number
  readonly [figure: string]: number | string
}

export async function run({
  size
}: {
  readonly size: keyof typeof sizes
}): Promise<IngestResult[]> {
  const data = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const broker = await KafkaBroker.start()
  const topics = await kafkaTopics(broker.address)
  const server = await startServerProcess(['--data', data])
  const client = new RestClient(server.port)
  try {
    await client.call('PUT', '/collections/bench', {
      vectors: { size: dimension, distance: 'Cosine' }
    })
    const { points, seconds } = sizes[size]
    // One after the other.
    const drained = await drain(client, topics, broker.address, points)
    return [drained, await steady(client, topics, broker.address, seconds)]
  } finally {
    client.close()
    await server.stop('SIGKILL')
    await topics.close()
    await broker.stop()
    rmSync(data, { recursive: true, force: true })
  }
}

/** Everything stands in the topic before anything is read. */
async function drain(
  client: RestClient,
  topics: KafkaTopics,
  broker: string,
  points: number
): Promise<IngestResult> {
  await topics.create('drain', partitions)
  const random = new Random(1)
  for (let from = 0; from < points; from += 1000) {
    const messages = Array.from({ length: 1000 }, (_, row) => messageOf(from + row, random))
    await topics.send('drain', messages)
  }
  const cpuBefore = await cpuSecondsOf(client)
  const startedAt = performance.now()
  await put(client, 'drain', broker)
  let first = 0
  let applied = 0
  while (applied < points) {
    await sleep(20)
    applied = await appliedOf(client, 'drain')
    if (first === 0 && applied > 0) first = performance.now()
  }
  const now = performance.now()
  const cpuSeconds = (await cpuSecondsOf(client)) - cpuBefore
  await client.call('DELETE', '/millrace/ingest/drain')
  return {
    bench: 'ingest',
    op: 'drain',
    points,
    dimension,
    pointsPerSecond: Math.round((points / (now - startedAt)) * 1000),
    toFirstPointMs: Math.round(first - startedAt),
    // Of all threads of the server: what a busy machine does not distort.
    cpuMicrosPerPoint: Math.round((cpuSeconds / points) * 1e7) / 10
  }
}

/** One message of each hundred is asked for until it is found. */
async function steady(
  client: RestClient,
  topics: KafkaTopics,
  broker: string,
  seconds: number
): Promise<IngestResult> {
  await topics.create('steady', partitions)
  await put(client, 'steady', broker)
  while ((await stateOf(client, 'steady')) !== 'running') await sleep(20)
  const random = new Random(2)
  const batch = 50
  const everyMs = (batch / steadyPerSecond) * 1000
  const lags: number[] = []
  const looks: Promise<void>[] = []
  const total = seconds * steadyPerSecond
  const startedAt = performance.now()
  for (let from = 0; from < total; from += batch) {
    const dueAt = startedAt + (from / batch) * everyMs
    const waitMs = dueAt - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    const messages = Array.from({ length: batch }, (_, row) =>
      messageOf(10_000_000 + from + row, random)
    )
    const sentAt = performance.now()
    const sent = topics.send('steady', messages)
    // Until it is found, beginning with the moment in which it was handed to the producer.
    if ((from / batch) % 2 === 0)
      looks.push(sent.then(() => look(client, 10_000_000 + from, sentAt, lags)))
    else looks.push(sent)
  }
  await Promise.all(looks)
  const sendSeconds = (performance.now() - startedAt) / 1000
  lags.sort((a, b) => a - b)
  const at = (share: number) =>
    Math.round((lags[Math.floor(share * (lags.length - 1))] ?? 0) * 10) / 10
  return {
    bench: 'ingest',
    op: 'steady',
    points: total,
    dimension,
    pointsPerSecond: Math.round(total / sendSeconds),
    looks: lags.length,
    sourceToSearchableMsP50: at(0.5),
    sourceToSearchableMsP99: at(0.99),
    sourceToSearchableMsMax: at(1)
  }
}

async function look(client: RestClient, id: number, sentAt: number, lags: number[]): Promise<void> {
  const body = { ids: [id], with_payload: false, with_vector: false }
  for (;;) {
    const { result } = await client.call('POST', '/collections/bench/points', body)
    if ((result as unknown[]).length > 0) break
    await sleep(2)
  }
  lags.push(performance.now() - sentAt)
}

async function put(client: RestClient, name: string, broker: string): Promise<void> {
  await client.call('PUT', `/millrace/ingest/${name}`, {
    collection: 'bench',
    topics: [name],
    brokers: [broker]
  })
}

async function appliedOf(client: RestClient, name: string): Promise<number> {
  const { result } = await client.call('GET', `/millrace/ingest/${name}`)
  return (result as { points?: number }).points ?? 0
}

async function cpuSecondsOf(client: RestClient): Promise<number> {
  const { body } = await client.send('GET', '/metrics')
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(String(body['text']))?.[1])
}

async function stateOf(client: RestClient, name: string): Promise<string> {
  const { result } = await client.call('GET', `/millrace/ingest/${name}`)
  return (result as { state: string }).state
}

function messageOf(id: number, random: Random): TopicMessage {
  const vector = Array.from({ length: dimension }, () => Math.fround(random.next() - 0.5))
  return {
    value: JSON.stringify({ id, vector, payload: { a: id % 10 } }),
    partition: id % partitions
  }
}
