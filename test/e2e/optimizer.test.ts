import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { ReplicaDescription } from '../../actors/index.ts'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { type ServerProcess, startServerProcess } from '../../scripts/demo/server-process.ts'
import { temporaryFolder } from '../support/folders.ts'
import { logArguments, removeLog } from '../support/log-arguments.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'

const size = 16
const count = 3000
const kills = 5

test('P4 P6 a node killed while it vacuums or indexes anew has every acknowledged write, and comes to its end afterwards', {
  timeout: 240_000
}, async () => {
  const random = new Random(testSeed('killed optimizers'))
  const data = temporaryFolder()
  const often = ['--checkpoints.everyBytes', '128KiB', '--checkpoints.everyMs', '200']
  const args = ['--data', data, ...often, ...(await logArguments(data))]
  let server: ServerProcess = await startServerProcess(args)
  let client = new RestClient(server.port)
  await client.call('PUT', '/collections/c', {
    vectors: { size, distance: 'Dot' },
    optimizers_config: { indexing_threshold: 1, vacuum_min_vector_number: 100 }
  })
  const expected = new Map<number, number>()
  for (let round = 0; round < kills; round++) {
    for (let first = 0; first < count; first += 500) {
      const points = Array.from({ length: 500 }, (_, index) => ({
        id: first + index,
        vector: Array.from({ length: size }, () => random.next() - 0.5),
        payload: { round }
      }))
      await client.call('PUT', '/collections/c/points?wait=true', { points })
      for (const { id } of points) expected.set(id, round)
    }
    await client.call('PATCH', '/collections/c', { hnsw_config: { m: 8 + 4 * round } })
    await sleep(random.next() * 400)
    client.close()
    await server.stop('SIGKILL')
    server = await startServerProcess(args)
    client = new RestClient(server.port)
  }
  const shard = async () => {
    const { result } = await client.call('GET', '/millrace/replicas')
    return (result as { shards: ReplicaDescription[] }[])[0]?.shards[0]
  }
  const rows = async () => (await shard())?.optimizer.rows ?? 0
  await expect.poll(rows, { timeout: 60_000 }).toBeLessThanOrEqual(count * 1.25)
  const status = async () => {
    const { result } = await client.call('GET', '/collections/c')
    return (result as { status: string }).status
  }
  await expect.poll(status, { timeout: 60_000 }).toBe('green')
  const asked = { ids: [...expected.keys()], with_payload: true }
  const { result } = await client.call('POST', '/collections/c/points', asked)
  const found = result as { id: number; payload: { round: number } }[]
  expect(new Map(found.map(({ id, payload }) => [id, payload.round]))).toEqual(expected)
  const { result: rebuilt } = await client.call('POST', '/millrace/collections/c/shards/0/rebuild')
  expect(rebuilt).toMatchObject({ equal: true })
  client.close()
  await server.stop()
  await removeLog(data)
})
