/**
 * Stands in for vload where it is not to be had: the same commands and flags, the same lines, from Node. It costs more
 * of the machine than the Go program, so its figures are lower; they are labelled with its name.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { RestClient } from '../scripts/demo/rest-client.ts'

export type LoadLine = Record<string, number | string>

export async function runOwnLoader(args: readonly string[]): Promise<LoadLine[]> {
  const { flags, command } = readFlags(args)
  const client = new RestClient(Number(new URL(flags['url'] ?? '').port))
  try {
    if (command === 'create') return await create(client, flags)
    return command === 'upload' ? [await upload(client, flags)] : [await search(client, flags)]
  } finally {
    client.close()
  }
}

type Flags = Readonly<Record<string, string | undefined>>

const flagNames = ['url', 'base', 'q', 'gt', 'label', 'batch', 'conc', 'wait', 'n', 'ef', 'secs']

function readFlags(args: readonly string[]): { flags: Flags; command: string } {
  const { values, positionals } = parseArgs({
    args: args.map((argument) => argument.replace(/^-(?=[a-z])/, '--')),
    options: Object.fromEntries(flagNames.map((name) => [name, { type: 'string' as const }])),
    allowPositionals: true
  })
  return { flags: values as Flags, command: positionals[0] ?? '' }
}

async function create(client: RestClient, flags: Flags): Promise<[]> {
  await client.call('DELETE', '/collections/bench')
  const { columns } = readFloats(flags['base'])
  await client.call('PUT', '/collections/bench', { vectors: { size: columns, distance: 'Cosine' } })
  return []
}

async function upload(client: RestClient, flags: Flags): Promise<LoadLine> {
  const { data, rows, columns } = readFloats(flags['base'])
  const points = Math.min(rows, Number(flags['n'] ?? 0) || rows)
  const batch = Number(flags['batch'] ?? 256)
  const path = `/collections/bench/points?wait=${flags['wait'] ?? 'true'}`
  const startedAt = performance.now()
  const latencies = await inParallel(
    Number(flags['conc'] ?? 2),
    Math.ceil(points / batch),
    (index) => {
      const from = index * batch
      const list = Array.from({ length: Math.min(batch, points - from) }, (_, at) => ({
        id: from + at,
        vector: Array.from(data.subarray((from + at) * columns, (from + at + 1) * columns)),
        payload: { a: (from + at) % 10 }
      }))
      return client.call('PUT', path, { points: list })
    }
  )
  const seconds = (performance.now() - startedAt) / 1000
  return {
    ...labelled(flags),
    op: 'upload',
    points,
    secs: seconds,
    pps: Math.round(points / seconds),
    ...percentiles(latencies)
  }
}

async function search(client: RestClient, flags: Flags): Promise<LoadLine> {
  const queries = readFloats(flags['q'])
  const truth = flags['gt'] === undefined ? undefined : readIds(flags['gt'])
  const found = new Map<number, number[]>()
  const deadline = performance.now() + Number(flags['secs'] ?? 1) * 1000
  const startedAt = performance.now()
  const latencies = await inParallel(
    Number(flags['conc'] ?? 2),
    Number.POSITIVE_INFINITY,
    async (index) => {
      if (index >= queries.rows && performance.now() > deadline) return false
      const query = index % queries.rows
      const vector = Array.from(
        queries.data.subarray(query * queries.columns, (query + 1) * queries.columns)
      )
      const { result } = await client.call('POST', '/collections/bench/points/query', {
        query: vector,
        limit: 10
      })
      found.set(
        query,
        (result as { points: { id: number }[] }).points.map(({ id }) => id)
      )
      return true
    }
  )
  const seconds = (performance.now() - startedAt) / 1000
  const recall = truth === undefined ? -1 : recallOf(found, truth)
  return {
    ...labelled(flags),
    op: 'search',
    recall,
    errors: 0,
    qps: Math.round(latencies.length / seconds),
    ...percentiles(latencies)
  }
}

/** Calls `work` from `connections` loops until `count` calls were made or one gives false. @returns milliseconds, sorted */
async function inParallel(
  connections: number,
  count: number,
  work: (index: number) => Promise<unknown>
): Promise<number[]> {
  const latencies: number[] = []
  let next = 0
  const loop = async () => {
    while (next < count) {
      const index = next++
      const startedAt = performance.now()
      if ((await work(index)) === false) return
      latencies.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: connections }, loop))
  return latencies.sort((a, b) => a - b)
}

function recallOf(
  found: ReadonlyMap<number, number[]>,
  truth: (query: number) => number[]
): number {
  let hits = 0
  for (const [query, ids] of found) {
    const wanted = new Set(truth(query))
    hits += ids.filter((id) => wanted.has(id)).length
  }
  return hits / (found.size * 10)
}

function labelled(flags: Flags): LoadLine {
  return { label: flags['label'] ?? '', loader: 'node' }
}

function percentiles(sorted: readonly number[]): LoadLine {
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  return { p50_ms: at(0.5), p95_ms: at(0.95), p99_ms: at(0.99) }
}

function readNpy(file: string | undefined): { body: Buffer; rows: number; columns: number } {
  const bytes = readFileSync(file ?? '')
  const headerEnd = 10 + bytes.readUInt16LE(8)
  const shape = /'shape': \((\d+), (\d+)\)/.exec(bytes.toString('latin1', 10, headerEnd))
  return { body: bytes.subarray(headerEnd), rows: Number(shape?.[1]), columns: Number(shape?.[2]) }
}

function readFloats(file: string | undefined) {
  const { body, rows, columns } = readNpy(file)
  return { data: new Float32Array(Uint8Array.from(body).buffer), rows, columns }
}

function readIds(file: string): (query: number) => number[] {
  const { body, columns } = readNpy(file)
  const ids = new BigInt64Array(Uint8Array.from(body).buffer)
  return (query) => Array.from(ids.subarray(query * columns, query * columns + 10), Number)
}
