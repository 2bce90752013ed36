import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { startServerProcess } from '../../scripts/demo/server-process.ts'
import { temporaryFolder } from '../support/folders.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'

const MiB = 1 << 20
const size = 128
const batch = 1000

interface Memory {
  readonly process: {
    readonly resident_bytes: number
    readonly heap_bytes: number
    readonly cache_bytes: number
  }
  readonly budget: { readonly bytes: number; readonly used_bytes: number; readonly status: string }
  readonly total_bytes: number
  readonly collections: readonly (Record<string, number> & {
    readonly shards: readonly object[]
  })[]
}

async function withServer(
  data: string,
  args: readonly string[],
  work: (client: RestClient) => Promise<void>
): Promise<void> {
  const server = await startServerProcess(['--data', data, '--workers', '1', ...args])
  const client = new RestClient(server.port)
  try {
    while ((await client.send('GET', '/readyz')).status !== 200) await sleep(20)
    await work(client)
  } finally {
    client.close()
    await server.stop('SIGTERM')
  }
}

const memoryOf = async (client: RestClient) =>
  (await client.call('GET', '/millrace/memory'))['result'] as Memory

function batchFrom(random: Random, first: number): object {
  const points = Array.from({ length: batch }, (_, index) => ({
    id: first + index,
    vector: Array.from({ length: size }, () => random.below(2000) - 1000),
    payload: { text: `point ${first + index}` }
  }))
  return { points }
}

async function until(check: () => Promise<boolean>, waitMs = 30_000): Promise<boolean> {
  for (const end = Date.now() + waitMs; Date.now() < end; await sleep(100))
    if (await check()) return true
  return false
}

test('P9 past memory.budgetBytes writes get 507, reads and deletes go on, and dropping what is there lets writes go on', async () => {
  const random = new Random(testSeed())
  const data = temporaryFolder()
  let idle = 0
  await withServer(data, [], async (client) => {
    await client.call('PUT', '/collections/kept', { vectors: { size, distance: 'Cosine' } })
    await client.call('PUT', '/collections/kept/points?wait=true', batchFrom(random, 0))
    const { process, budget } = await memoryOf(client)
    idle = process.resident_bytes
    // What was not set is found out: nine tenths of what there is.
    expect(budget.bytes).toBeGreaterThan(idle)
    expect(budget.status).toBe('ok')
  })
  const budgetBytes = idle + 160 * MiB
  await withServer(data, ['--memory.budgetBytes', String(budgetBytes)], async (client) => {
    await client.call('PUT', '/collections/big', { vectors: { size, distance: 'Cosine' } })
    const put = (first: number) =>
      client.send('PUT', '/collections/big/points?wait=true', batchFrom(random, first))
    let points = 0
    let refused = await put(points)
    // A thousand batches would be half a gigabyte of vectors alone.
    for (; refused.status === 200 && points < 1000 * batch; refused = await put(points))
      points += batch
    expect(refused.status).toBe(507)
    expect(refused.body['status']).toMatchObject({
      error: expect.stringMatching(
        /^Insufficient storage: the process uses \d+ bytes of memory, .* budget is \d+ bytes\. Help: Drop/
      )
    })
    const full = await memoryOf(client)
    expect(full.budget.bytes).toBe(budgetBytes)
    // Of what a batch takes while it is parsed nobody knows before it is there.
    expect(full.process.resident_bytes).toBeLessThan(budgetBytes + 64 * MiB)
    const [big] = full.collections.filter(({ name }) => String(name) === 'big')
    expect(big?.['vectors_bytes']).toBeGreaterThanOrEqual(points * size * 4)
    expect(big?.['total_bytes']).toBeLessThan(full.process.resident_bytes)
    const parts = ['vectors', 'codes', 'graph', 'sparse_index', 'payload', 'ids', 'rows']
    expect(parts.reduce((sum, part) => sum + (big?.[`${part}_bytes`] ?? 0), 0)).toBe(
      big?.['total_bytes']
    )

    const search = { query: Array(size).fill(0.5), limit: 3 }
    const found = await client.call('POST', '/collections/big/points/query', search)
    expect((found['result'] as { points: object[] }).points).toHaveLength(3)
    await client.call('POST', '/collections/big/points/delete?wait=true', { points: [0] })

    await client.call('DELETE', '/collections/big')
    const freed = await until(async () => {
      const { process, budget } = await memoryOf(client)
      return budget.status === 'ok' && process.resident_bytes < idle + 80 * MiB
    })
    expect([freed, await memoryOf(client)]).toEqual([true, expect.anything()])
    const again = await client.send(
      'PUT',
      '/collections/kept/points?wait=true',
      batchFrom(random, batch)
    )
    expect(again.status).toBe(200)
  })
}, 180_000)
