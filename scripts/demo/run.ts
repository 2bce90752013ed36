import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runBrokersDemo } from './brokers.ts'
import { crashAndRecover } from './crash.ts'
import { collection, loadWordsInto, scrollWords } from './load.ts'
import { print } from './print.ts'
import { RestClient } from './rest-client.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'
import { dimensions, loadWords, type Words, wordsExpected } from './words.ts'

const cache = fileURLToPath(new URL('../../../.cache/demo', import.meta.url))
const help = `npm run demo [-- --keep | --brokers]

Fetches English word vectors (once, into .cache/), starts a server, loads all ${wordsExpected.toLocaleString('en')} of them and
prints the neighbours of a few words. Then it loads them a second time, kills the server hard on the way, starts it
again, shows that every acknowledged word is there, rebuilds the replica from the log beside the running one and
compares the two digests. --keep leaves the server running until Ctrl-C.

--brokers starts a real Kafka and a real NATS server (both are fetched once, into .cache/) and a node whose log is in
that Kafka. The words stream in through a topic while they are searched for over NATS; the node is killed hard on the
way, started again, and goes on: every word is there once.
`

/** @returns the exit code */
export async function runDemo(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    print(help)
    return 0
  }
  mkdirSync(cache, { recursive: true })
  const words = loadWords(cache)
  const data = join(cache, `data-${process.pid}`)
  if (args.includes('--brokers')) {
    await runBrokersDemo(words, data).finally(() => rmSync(data, { recursive: true, force: true }))
    return 0
  }
  const start = () => startServerProcess(['--data', data], { MILLRACE_LOGGING_LEVEL: 'info' })
  let server = await start()
  try {
    print(`\na server runs on port ${server.port}\n`)
    await withClient(server, async (client) => {
      await load(client, words)
      await verify(client, words)
      await showNeighbours(client, words)
    })
    server = await crashAndRecover(server, start, words)
    if (args.includes('--keep')) await untilInterrupted(server)
    return 0
  } finally {
    await server.stop()
    rmSync(data, { recursive: true, force: true })
  }
}

async function withClient(
  server: ServerProcess,
  work: (client: RestClient) => Promise<void>
): Promise<void> {
  const client = new RestClient(server.port)
  try {
    await work(client)
  } finally {
    client.close()
  }
}

async function load(client: RestClient, words: Words): Promise<void> {
  await client.call('PUT', `/collections/${collection}`, {
    vectors: { size: dimensions, distance: 'Cosine' }
  })
  const startedAt = performance.now()
  const { acknowledged, pointsPerSecond, failure } = await loadWordsInto(client, words, 1)
  if (failure !== undefined) throw failure
  const seconds = (performance.now() - startedAt) / 1000
  print(
    `${acknowledged.size.toLocaleString('en')} words in ${seconds.toFixed(1)} s: ${pointsPerSecond.toLocaleString('en')} points/s, every write durable and applied\n`
  )
}

/** Every word must be found: by the count, and by paging through all of them. */
async function verify(client: RestClient, { words }: Words): Promise<void> {
  const { result } = await client.call('POST', `/collections/${collection}/points/count`, {
    exact: true
  })
  const { count } = result as { count: number }
  const found = await scrollWords(client)
  const missing = words.filter((word, row) => found[row]?.word !== word)
  if (count !== words.length || words.length !== wordsExpected || missing.length > 0) {
    throw new Error(`${count} points counted, ${missing.length} of ${words.length} words missing`)
  }
  print(`all ${found.length.toLocaleString('en')} words found\n`)
}

const examples: readonly (readonly [string, readonly (readonly [number, string])[]])[] = [
  ['coffee', [[1, 'coffee']]],
  ['python', [[1, 'python']]],
  ['river', [[1, 'river']]],
  [
    'king − man + woman',
    [
      [1, 'king'],
      [-1, 'man'],
      [1, 'woman']
    ]
  ]
]

async function showNeighbours(client: RestClient, words: Words): Promise<void> {
  for (const [title, terms] of examples) {
    const query = combine(words, terms)
    const startedAt = performance.now()
    const { result } = await client.call('POST', `/collections/${collection}/points/query`, {
      query: Array.from(query),
      limit: 5 + terms.length,
      with_payload: true
    })
    const elapsedMs = performance.now() - startedAt
    const asked = new Set(terms.map(([, word]) => word))
    const { points } = result as { points: { score: number; payload: { word: string } }[] }
    const shown = points
      .filter(({ payload }) => !asked.has(payload.word))
      .slice(0, 5)
      .map(({ score, payload }) => `${payload.word} ${score.toFixed(3)}`)
    print(`${title.padEnd(20)} ${shown.join('  ')}   (${elapsedMs.toFixed(1)} ms)\n`)
  }
}

/** Sums unit vectors: words differ in length, and only directions matter here. */
function combine(
  { words, vectors }: Words,
  terms: readonly (readonly [number, string])[]
): Float32Array {
  const sum = new Float32Array(dimensions)
  for (const [sign, word] of terms) {
    const row = words.indexOf(word)
    const vector = vectors.subarray(row * dimensions, (row + 1) * dimensions)
    const length = Math.hypot(...vector)
    vector.forEach((component, index) => {
      sum[index] = (sum[index] ?? 0) + (sign * component) / length
    })
  }
  return sum
}

async function untilInterrupted(server: ServerProcess): Promise<void> {
  print(`\nthe server goes on at http://127.0.0.1:${server.port}; Ctrl-C ends it\n`)
  await new Promise((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
}
