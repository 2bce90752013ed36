import { readdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { startServerProcess } from '../../scripts/demo/server-process.ts'
import { temporaryFolder } from '../support/folders.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'

const size = 1024
const batch = 250
const batches = 200
const bytes = batches * batch * size * 4
const MiB = 1 << 20

interface Memory {
  readonly vectors_on_disk_bytes: number
  readonly process: { readonly resident_bytes: number; readonly resident_cold_bytes: number }
  readonly budget: { readonly used_bytes: number; readonly status: string }
}

async function started(data: string, ...args: readonly string[]) {
  const server = await startServerProcess(['--data', data, '--workers', '1', ...args])
  const client = new RestClient(server.port)
  while ((await client.send('GET', '/readyz')).status !== 200) await sleep(20)
  const end = async (signal: NodeJS.Signals) => {
    client.close()
    await server.stop(signal)
  }
  return { client, end }
}

const memoryOf = async (client: RestClient) =>
  (await client.call('GET', '/millrace/memory'))['result'] as Memory

/** Components in 1/256: whatever is done with them, the text is the same again. */
function pointsFrom(random: Random, first: number) {
  return Array.from({ length: batch }, (_, at) => ({
    id: first + at,
    vector: Array.from({ length: size }, () => (random.below(512) - 256) / 256)
  }))
}

const freeBytes = (folder: string) => {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

test('P1 P8 P9 cold vectors may be more than the memory budget, a killed server leaves no file of them, and the next one has them all', async () => {
  const random = new Random(testSeed('cold vectors'))
  const data = temporaryFolder()
  const scratch = join(data, 'scratch')
  const idle = await started(data)
  const { process } = await memoryOf(idle.client)
  await idle.end('SIGTERM')

  // Less than the vectors alone would take.
  const budget = ['--memory.budgetBytes', String(process.resident_bytes + bytes - 10 * MiB)]
  const first = await started(data, ...budget, '--log.tailCacheBytes', String(8 * MiB))
  await first.client.call('PUT', '/collections/cold', {
    vectors: { size, distance: 'Euclid', memory: 'cold' },
    hnsw_config: { m: 0 }
  })
  const some: { id: number; vector: number[] }[] = []
  for (let at = 0; at < batches; at++) {
    const points = pointsFrom(random, at * batch)
    some.push(...points.slice(0, 2))
    await first.client.call('PUT', '/collections/cold/points?wait=true', { points })
  }
  const full = await memoryOf(first.client)
  expect(full.vectors_on_disk_bytes).toBe(bytes)
  expect(full.budget.status).toBe('ok')
  expect(readdirSync(scratch)).toEqual([])
  const before = freeBytes(data)
  await first.end('SIGKILL')
  expect(readdirSync(scratch)).toEqual([])
  // Other programs use the disk as well.
  const isBack = () => freeBytes(data) > before + bytes / 2
  await expect.poll(isBack, { timeout: 20_000 }).toBe(true)

  const second = await started(data, ...budget)
  expect((await memoryOf(second.client)).vectors_on_disk_bytes).toBe(bytes)
  const asked = { ids: some.map(({ id }) => id), with_vector: true }
  const { result } = await second.client.call('POST', '/collections/cold/points', asked)
  const found = result as readonly { id: number; vector: number[] }[]
  expect(found.map(({ id, vector }) => ({ id, vector }))).toEqual(some)
  for (const { id, vector } of some.slice(0, 5)) {
    const search = { query: vector, limit: 1 }
    const answer = await second.client.call('POST', '/collections/cold/points/query', search)
    expect(answer['result']).toMatchObject({ points: [{ id, score: 0 }] })
  }
  await second.end('SIGTERM')
  expect(readdirSync(scratch)).toEqual([])
}, 300_000)
