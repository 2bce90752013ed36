/**
 * Writes a golden data folder, which every later build must open: `node dist/test/support/make-golden-data.js FOLDER`.
 * It was run once for each format version; a folder that is in the tree is never written again.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ReplicaDescription } from '../../actors/index.ts'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { startServerProcess } from '../../scripts/demo/server-process.ts'
import { randomFrom } from './seed.ts'

const folder = process.argv[2] ?? 'golden-data'
const options = ['--data', folder, '--log.segmentBytes', '256KiB']
const random = randomFrom(1)

const vector = (size: number) =>
  Array.from({ length: size }, () => Math.round(random() * 1000) / 1000)
const uuidOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

function pointsFrom(first: number, count: number, round: number) {
  return Array.from({ length: count }, (_, index) => {
    const n = first + index
    return {
      id: n % 5 === 0 ? uuidOf(n) : n,
      vector: n % 7 === 0 ? { text: vector(48) } : { text: vector(48), image: vector(16) },
      payload:
        n % 3 === 0
          ? undefined
          : { n, round, name: `péché ${n} 桃`, price: 1.5e3, deep: { list: [n, null] } }
    }
  })
}

async function put(client: RestClient, first: number, count: number, round: number): Promise<void> {
  const points = pointsFrom(first, count, round)
  await client.call('PUT', '/collections/golden/points?wait=true', { points })
}

async function replicas(client: RestClient): Promise<ReplicaDescription[]> {
  const { result } = await client.call('GET', '/millrace/replicas')
  return (result as { shards: ReplicaDescription[] }[])[0]?.shards.slice() ?? []
}

/** Waits until a checkpoint holds everything. */
async function settled(client: RestClient): Promise<void> {
  for (;;) {
    const shards = await replicas(client)
    if (shards.every(({ checkpoint, nextOffset }) => checkpoint.newest?.offset === nextOffset))
      return
    await sleep(20)
  }
}

const server = await startServerProcess([...options, '--checkpoints.everyMs', '100'])
const client = new RestClient(server.port)
await client.call('PUT', '/collections/golden', {
  vectors: { text: { size: 48, distance: 'Cosine' }, image: { size: 16, distance: 'Euclid' } },
  shard_number: 2
})
await put(client, 1, 900, 1)
await settled(client)
await put(client, 890, 20, 2)
const deleted = [2, 3, uuidOf(5), 892]
await client.call('POST', '/collections/golden/points/delete?wait=true', { points: deleted })
await settled(client)
client.close()
await server.stop('SIGKILL')

// The end of the log that no checkpoint holds.
const second = await startServerProcess([...options, '--checkpoints.everyMs', '3600000'])
const writer = new RestClient(second.port)
while ((await writer.send('GET', '/readyz')).status !== 200) await sleep(10)
await put(writer, 905, 10, 3)
await writer.call('POST', '/collections/golden/points/delete?wait=true', { points: [4] })
const shards = (await replicas(writer)).map(
  ({ nextOffset, digest, points, replay, checkpoint }) => {
    const { fromCheckpoint } = replay
    return { nextOffset, digest, points, fromCheckpoint, files: checkpoint.newest?.files }
  }
)
const ids = [1, uuidOf(10), 891, 907, uuidOf(910)]
const reading = { ids, with_payload: true, with_vector: true }
const sample = await writer.call('POST', '/collections/golden/points', reading)
writer.close()
await second.stop('SIGKILL')
const content = { shards, sample: sample['result'] }
writeFileSync(join(folder, 'expected.json'), `${JSON.stringify(content, null, 2)}\n`)
// Neither is part of what the folder says.
rmSync(join(folder, 'log/.spare'), { recursive: true })
rmSync(join(folder, 'millrace.lock'))
