/** `npm run demo -- --brokers`: words stream in through a topic while they are asked for over NATS. */
import { Presets, SingleBar } from 'cli-progress'
import { KafkaBroker } from '../../test/support/kafka-broker.ts'
import { type KafkaTopics, kafkaTopics } from '../../test/support/kafka-topics.ts'
import { NatsServer } from '../../test/support/nats-server.ts'
import { collection, scrollWords } from './load.ts'
import { NatsClient } from './nats-client.ts'
import { print } from './print.ts'
import { RestClient } from './rest-client.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'
import { dimensions, type Words } from './words.ts'

const topic = 'words'
const partitions = 3
const messagesPerSend = 500
const askEveryMs = 250
const readyMsMax = 120_000
/** How much of the topic is in the collection when the node is killed. */
const killedAtShare = 0.4

/** @param data  the node's folder; its log is in Kafka, so this holds checkpoints only */
export async function runBrokersDemo(words: Words, data: string): Promise<void> {
  print('starting a Kafka broker and a NATS server … ')
  const startedAt = performance.now()
  const broker = await KafkaBroker.start()
  const nats = await NatsServer.start()
  print(`${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`)
  const topics = await kafkaTopics(broker.address)
  const start = () =>
    startServerProcess([
      ...['--data', data],
      ...['--log.driver', 'kafka', '--log.kafka.brokers', broker.address],
      ...['--ingest.brokers', broker.address, '--nats.url', nats.url]
    ])
  const nodes: ServerProcess[] = []
  const client = await NatsClient.connect(nats.url)
  try {
    nodes.push(await start())
    await untilServed(client)
    print(`a node runs: its log is in Kafka, it is asked over NATS (${nats.url})\n`)
    await defineIngest(client, topics)
    const producing = produceWords(topics, words)
    producing.catch(() => {})
    const asked = await watchUntil(client, words, words.words.length * killedAtShare)
    await nodes[0]?.stop('SIGKILL')
    print('kill -9: messages keep coming, nobody reads them\n')
    const killedAt = performance.now()
    nodes.push(await start())
    await untilServed(client)
    print(`started again: ready after ${Math.round(performance.now() - killedAt)} ms\n`)
    const askedAgain = await watchUntil(client, words, words.words.length)
    await producing
    printLatencies([...asked, ...askedAgain])
    await checkWords(nodes.at(-1)?.port ?? 0, client, words)
  } finally {
    await client.close()
    for (const node of nodes) await node.stop()
    await topics.close()
    await nats.close()
    await broker.stop()
  }
}

async function defineIngest(client: NatsClient, topics: KafkaTopics): Promise<void> {
  await client.ask(`${collection}.create_collection`, {
    vectors: { size: dimensions, distance: 'Cosine' }
  })
  await topics.create(topic, partitions)
  await client.ask(
    'put_ingest',
    {
      collection,
      topics: [topic],
      format: 'json',
      mapping: { id: 'row', vector: 'vector', payload: { word: 'word' } }
    },
    { ingest: topic }
  )
  print(`topic ${topic} (${partitions} partitions) → collection ${collection}\n`)
}

/** As any program that knows nothing of this engine would. */
async function produceWords(topics: KafkaTopics, { words, vectors }: Words): Promise<void> {
  for (let from = 0; from < words.length; from += messagesPerSend) {
    const messages = words.slice(from, from + messagesPerSend).map((word, index) => {
      const row = from + index
      const vector = vectors.subarray(row * dimensions, (row + 1) * dimensions).join(',')
      return {
        key: String(row),
        value: `{"row":${row},"word":${JSON.stringify(word)},"vector":[${vector}]}`,
        partition: row % partitions
      }
    })
    await topics.send(topic, messages)
  }
}

interface IngestStatus {
  readonly lagMessages?: number
  readonly points?: number
}

/** Asks for neighbours again and again until enough words are in. @returns how long each answer took, in milliseconds */
async function watchUntil(client: NatsClient, words: Words, wanted: number): Promise<number[]> {
  const bar = new SingleBar(
    {
      format: 'streaming {bar} {value}/{total} words | {neighbours}',
      hideCursor: true
    },
    Presets.shades_classic
  )
  bar.start(words.words.length, 0, { neighbours: '' })
  const latenciesMs: number[] = []
  try {
    for (let found = 0; found < wanted; ) {
      found = await countWords(client)
      const startedAt = performance.now()
      const neighbours = await neighboursOf(client, words, 'coffee')
      latenciesMs.push(performance.now() - startedAt)
      bar.update(found, { neighbours: `coffee: ${neighbours.join(' ')}` })
      await new Promise((resolve) => setTimeout(resolve, askEveryMs))
    }
  } finally {
    bar.stop()
  }
  return latenciesMs
}

async function countWords(client: NatsClient): Promise<number> {
  const { count } = await client.ask(`${collection}.count`, { exact: true })
  return Number(count)
}

async function neighboursOf(client: NatsClient, words: Words, word: string): Promise<string[]> {
  const row = words.words.indexOf(word)
  const { points } = await client.ask(`${collection}.query`, {
    query: Array.from(words.vectors.subarray(row * dimensions, (row + 1) * dimensions)),
    limit: 4,
    with_payload: true
  })
  return (points as { payload: { word: string } }[])
    .map(({ payload }) => payload.word)
    .filter((found) => found !== word)
    .slice(0, 3)
}

/** Until the node has told the NATS server of its service, and its shards may be read, nobody answers. */
async function untilServed(client: NatsClient): Promise<void> {
  const deadline = performance.now() + readyMsMax
  while (!(await client.isReady())) {
    if (performance.now() > deadline) throw new Error('the node did not get ready over NATS')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function printLatencies(latenciesMs: readonly number[]): void {
  const sorted = latenciesMs.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(sorted.length * share)]?.toFixed(1)
  print(`${sorted.length} searches over NATS meanwhile: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`)
}

/** Every word once, and nothing else. */
async function checkWords(port: number, client: NatsClient, { words }: Words): Promise<void> {
  const status = (await client.ask('get_ingest', undefined, { ingest: topic })) as IngestStatus
  const rest = new RestClient(port)
  try {
    const found = await scrollWords(rest)
    const missing = words.filter((word, row) => found[row]?.word !== word)
    if (missing.length > 0 || found.length !== words.length) {
      throw new Error(`${missing.length} of ${words.length} words missing, ${found.length} found`)
    }
    print(
      `all ${found.length.toLocaleString('en')} words found, each once; lag of the ingest ${status.lagMessages ?? 0}\n`
    )
  } finally {
    rest.close()
  }
}
