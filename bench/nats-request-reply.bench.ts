/** What does asking over NATS cost beside REST? The same query, from one Node client each, at several requests in flight. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'nats'
import { RestClient } from '../scripts/demo/rest-client.ts'
import { startServerProcess } from '../scripts/demo/server-process.ts'
import { NatsServer } from '../test/support/nats-server.ts'
import { untilAnswered } from '../test/support/nats-service.ts'
import { Random } from '../test/support/random.ts'

const dimension = 100

interface Line {
  readonly label: string
  readonly inFlight: number
  readonly qps: number
  readonly p50_ms: number
  readonly p99_ms: number
}

export async function run(options: { readonly size: 'small' | 'real' }): Promise<Line[]> {
  const isSmall = options.size === 'small'
  const points = isSmall ? 1000 : 10_000
  const seconds = isSmall ? 0.3 : 4
  const scratch = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const nats = await NatsServer.start()
  const server = await startServerProcess([
    ...['--data', join(scratch, 'data'), '--nats.url', nats.url]
  ])
  const rest = new RestClient(server.port)
  const connection = await connect({ servers: nats.url, noAsyncTraces: true })
  try {
    await untilAnswered(connection)
    const bodies = await fill(rest, points)
    const subject = 'millrace.v1.bench.query'
    const ways = {
      rest: (body: string) => rest.call('POST', '/collections/bench/points/query', body),
      nats: async (body: string) => {
        const answer = await connection.request(subject, body, { timeout: 10_000 })
        return answer.json()
      }
    }
    const lines: Line[] = []
    for (const inFlight of isSmall ? [1] : [1, 4, 16]) {
      // Each before the other once: what one leaves warm must not count for the other.
      for (const label of ['rest', 'nats', 'nats', 'rest'] as const) {
        lines.push({
          label: `${label} query, ${points} points`,
          ...(await measure(ways[label], bodies, inFlight, seconds))
        })
      }
    }
    return lines
  } finally {
    await connection.close()
    rest.close()
    await server.stop()
    await nats.close()
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** @returns bodies of queries */
async function fill(rest: RestClient, count: number): Promise<string[]> {
  const random = new Random(1)
  const vector = () => Array.from({ length: dimension }, () => random.next() - 0.5)
  await rest.call('PUT', '/collections/bench', { vectors: { size: dimension, distance: 'Cosine' } })
  for (let from = 0; from < count; from += 500) {
    const points = Array.from({ length: 500 }, (_, at) => ({ id: from + at, vector: vector() }))
    await rest.call('PUT', '/collections/bench/points?wait=true', { points })
  }
  return Array.from({ length: 64 }, () => JSON.stringify({ query: vector(), limit: 10 }))
}

async function measure(
  ask: (body: string) => Promise<unknown>,
  bodies: readonly string[],
  inFlight: number,
  seconds: number
): Promise<Omit<Line, 'label'>> {
  for (const body of bodies) await ask(body)
  const latencies: number[] = []
  const startMs = performance.now()
  const endMs = startMs + seconds * 1000
  const loop = async (first: number) => {
    for (let index = first; performance.now() < endMs; index++) {
      const askedMs = performance.now()
      await ask(bodies[index % bodies.length] ?? '')
      latencies.push(performance.now() - askedMs)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, (_, first) => loop(first)))
  const took = (performance.now() - startMs) / 1000
  latencies.sort((a, b) => a - b)
  const at = (share: number) =>
    Number((latencies[Math.floor(share * (latencies.length - 1))] ?? 0).toFixed(3))
  return { inFlight, qps: Math.round(latencies.length / took), p50_ms: at(0.5), p99_ms: at(0.99) }
}
