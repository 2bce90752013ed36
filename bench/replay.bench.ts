/** How fast does a start replay the log? Points a second from disk into the native shard. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RestClient } from '../scripts/demo/rest-client.ts'
import { startServerProcess } from '../scripts/demo/server-process.ts'
import { Random } from '../test/support/random.ts'

const sizes = { small: 20_000, real: 340_000 } as const
const dimension = 100
const batch = 512

export interface ReplayResult {
  readonly bench: 'replay'
  readonly points: number
  readonly dimension: number
  readonly replaySeconds: number
  readonly pointsPerSecond: number
  /** From the start of the process to the first answered query. */
  readonly startToAnswerSeconds: number
  readonly digest: string
}

export async function run(options: {
  readonly size: keyof typeof sizes
  /** Where the log is, when it is not in the data folder. */
  readonly logArguments?: readonly string[]
}): Promise<ReplayResult> {
  const data = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const args = ['--data', data, ...(options.logArguments ?? [])]
  const points = sizes[options.size]
  try {
    const digest = await fill(args, points)
    rmSync(join(data, 'shards'), { recursive: true, force: true })
    return await replay(args, points, digest)
  } finally {
    rmSync(data, { recursive: true, force: true })
  }
}

async function fill(args: readonly string[], points: number): Promise<string> {
  const server = await startServerProcess(args)
  const client = new RestClient(server.port)
  const random = new Random(1)
  await client.call('PUT', '/collections/bench', {
    vectors: { size: dimension, distance: 'Cosine' }
  })
  for (let from = 0; from < points; from += batch) {
    const rows = Array.from({ length: Math.min(batch, points - from) }, (_, row) => ({
      id: from + row,
      vector: Array.from({ length: dimension }, () => Math.fround(random.next() - 0.5)),
      payload: { a: (from + row) % 10 }
    }))
    await client.call('PUT', '/collections/bench/points?wait=true', { points: rows })
  }
  const digest = await digestOf(client)
  client.close()
  await server.stop('SIGKILL')
  return digest
}

async function replay(
  args: readonly string[],
  points: number,
  expected: string
): Promise<ReplayResult> {
  const startedAt = performance.now()
  const server = await startServerProcess(args)
  const client = new RestClient(server.port)
  while ((await client.send('GET', '/readyz')).status !== 200) await sleep(2)
  await client.call('POST', '/collections/bench/points/query', {
    query: Array(dimension).fill(0.1),
    limit: 10
  })
  const answeredAt = performance.now()
  const digest = await digestOf(client)
  client.close()
  await server.stop()
  if (digest !== expected) throw new Error(`the replay gave digest ${digest}, the load ${expected}`)
  const caughtUp = server.log.find(({ msg }) => msg === 'replica has caught up with the log')
  const replaySeconds = Number(caughtUp?.['seconds'])
  return {
    bench: 'replay',
    points,
    dimension,
    replaySeconds: round(replaySeconds),
    pointsPerSecond: Math.round(points / replaySeconds),
    startToAnswerSeconds: round((answeredAt - startedAt) / 1000),
    digest
  }
}

async function digestOf(client: RestClient): Promise<string> {
  const { result } = await client.call('GET', '/millrace/replicas')
  return (result as { shards: { digest: string }[] }[])[0]?.shards[0]?.digest ?? ''
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
