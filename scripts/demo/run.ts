import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Presets, SingleBar } from 'cli-progress'
import { RestClient } from './rest-client.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'
import { dimensions, loadWords, type Words, wordsExpected } from './words.ts'

const cache = fileURLToPath(new URL('../../../.cache/demo', import.meta.url))
const collection = 'words'
const batchPoints = 256
const connections = 2

const help = `npm run demo [-- --keep]

Fetches English word vectors (once, into .cache/), starts a server, loads all ${wordsExpected.toLocaleString('en')} of them and
prints the neighbours of a few words. --keep leaves the server running until Ctrl-C.
`

/** @returns the exit code */
export async function runDemo(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) return print(help)
  mkdirSync(cache, { recursive: true })
  const words = loadWords(cache)
  const data = join(cache, `data-${process.pid}`)
  const server = await startServerProcess(['--data', data], { MILLRACE_LOGGING_LEVEL: 'info' })
  const client = new RestClient(server.port)
  try {
    print(`\na server runs on port ${server.port}\n`)
    await load(client, words)
    await verify(client, words)
    await showNeighbours(client, words)
    if (args.includes('--keep')) await untilInterrupted(server)
    return 0
  } finally {
    client.close()
    await server.stop()
    rmSync(data, { recursive: true, force: true })
  }
}

async function load(client: RestClient, { words, vectors }: Words): Promise<void> {
  await client.call('PUT', `/collections/${collection}`, {
    vectors: { size: dimensions, distance: 'Cosine' }
  })
  const bar = new SingleBar(
    {
      format: 'loading {bar} {percentage}% | {value}/{total} words | {rate} points/s',
      hideCursor: true
    },
    Presets.shades_classic
  )
  const startedAt = performance.now()
  const rate = (loaded: number) => Math.round(loaded / ((performance.now() - startedAt) / 1000))
  bar.start(words.length, 0, { rate: 0 })
  let next = 0
  let loaded = 0
  const work = async () => {
    while (next < words.length) {
      const from = next
      next = Math.min(words.length, next + batchPoints)
      const to = next
      await client.call(
        'PUT',
        `/collections/${collection}/points?wait=true`,
        batchBody(words, vectors, from, to)
      )
      loaded += to - from
      bar.update(loaded, { rate: rate(loaded) })
    }
  }
  await Promise.all(Array.from({ length: connections }, work))
  bar.stop()
  const seconds = (performance.now() - startedAt) / 1000
  print(
    `${words.length.toLocaleString('en')} words in ${seconds.toFixed(1)} s: ${rate(words.length).toLocaleString('en')} points/s, every write durable and applied\n`
  )
}

function batchBody(
  words: readonly string[],
  vectors: Float32Array,
  from: number,
  to: number
): string {
  const points = words.slice(from, to).map((word, index) => {
    const row = from + index
    const vector = vectors.subarray(row * dimensions, (row + 1) * dimensions).join(',')
    return `{"id":${row},"vector":[${vector}],"payload":{"word":${JSON.stringify(word)}}}`
  })
  return `{"points":[${points.join(',')}]}`
}

/** Every word must be found: by the count, and by paging through all of them. */
async function verify(client: RestClient, { words }: Words): Promise<void> {
  const { result } = await client.call('POST', `/collections/${collection}/points/count`, {
    exact: true
  })
  const { count } = result as { count: number }
  const found = await scrollWords(client)
  const missing = words.filter((word, row) => found[row] !== word)
  if (count !== words.length || words.length !== wordsExpected || missing.length > 0) {
    throw new Error(`${count} points counted, ${missing.length} of ${words.length} words missing`)
  }
  print(`all ${found.length.toLocaleString('en')} words found\n`)
}

async function scrollWords(client: RestClient): Promise<string[]> {
  const found: string[] = []
  let offset: number | null = 0
  while (offset !== null) {
    const { result } = await client.call('POST', `/collections/${collection}/points/scroll`, {
      offset,
      limit: 10_000,
      with_payload: true
    })
    const page = result as {
      points: { id: number; payload: { word: string } }[]
      next_page_offset: number | null
    }
    for (const { id, payload } of page.points) found[id] = payload.word
    offset = page.next_page_offset
  }
  return found
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

function print(text: string): 0 {
  process.stdout.write(text)
  return 0
}
