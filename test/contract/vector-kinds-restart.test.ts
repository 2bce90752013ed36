import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { verifyData } from '../../src/cli/verify.ts'
import { loadConfig } from '../../src/config/index.ts'
import { startServer } from '../../src/server.ts'
import { temporaryFolder } from '../support/folders.ts'

const name = '/collections/kinds'

async function start(data: string) {
  const often = ['--checkpoints.everyBytes', '64KiB', '--checkpoints.everyMs', '100']
  const args = ['--port', '0', '--data', data, '--log-level', 'silent', '--workers', '0', ...often]
  const server = await startServer(loadConfig(args, {}))
  const client = new RestClient(server.address.port)
  while ((await client.send('GET', '/readyz')).status !== 200) await sleep(5)
  return { server, client }
}

async function digestOf(client: RestClient): Promise<unknown> {
  const { result } = await client.call('GET', '/millrace/replicas')
  const [{ shards } = { shards: [] }] = result as { shards: { digest: string }[] }[]
  return shards.map(({ digest }) => digest)
}

async function pointsOf(client: RestClient): Promise<unknown> {
  const body = { limit: 1000, with_vector: true }
  return (await client.call('POST', `${name}/points/scroll`, body))['result']
}

async function write(client: RestClient, first: number): Promise<void> {
  const points = Array.from({ length: 100 }, (_, at) => ({
    id: first + at,
    vector: {
      half: [first, at, 0.1],
      bytes: [at, 255 - at, first % 256, 0.5],
      many: Array.from({ length: 1 + (at % 4) }, (_, row) => [at, row - 1]),
      ...(at % 3 === 0 && { words: { indices: [at], values: [0.5] } })
    },
    payload: { text: 'x'.repeat(50) }
  }))
  await client.call('PUT', `${name}/points?wait=true`, { points })
}

test('P1 P6 vectors of every kind, and those added at runtime, are the same after a restart from checkpoints and from the log', async () => {
  const data = temporaryFolder()
  const first = await start(data)
  await first.client.call('PUT', name, {
    vectors: {
      half: { size: 3, distance: 'Cosine', datatype: 'float16' },
      many: { size: 2, distance: 'Cosine', multivector_config: { comparator: 'max_sim' } }
    },
    shard_number: 2
  })
  const add = (vector: string, body: object) =>
    first.client.call('PUT', `${name}/vectors/${vector}?wait=true`, body)
  await add('bytes', { dense: { size: 4, distance: 'Euclid', datatype: 'uint8' } })
  await add('gone', { dense: { size: 1, distance: 'Dot' } })
  await add('words', { sparse: {} })
  for (let round = 0; round < 10; round++) await write(first.client, round * 80)
  await first.client.call('PUT', `${name}/points/vectors?wait=true`, {
    points: [{ id: 5, vector: { gone: [1], bytes: [9, 9, 9, 9] } }]
  })
  await first.client.call('DELETE', `${name}/vectors/gone?wait=true`)
  await first.client.call('POST', `${name}/points/delete?wait=true`, { points: [1, 2, 300] })
  await write(first.client, 5000)
  const [digest, points] = [await digestOf(first.client), await pointsOf(first.client)]
  first.client.close()
  await first.server.stop('test')
  expect(await verifyData(data)).toBe(0)

  for (const losesCheckpoints of [false, true]) {
    if (losesCheckpoints) rmSync(join(data, 'shards'), { recursive: true })
    const again = await start(data)
    expect(await digestOf(again.client)).toEqual(digest)
    expect(await pointsOf(again.client)).toEqual(points)
    const query = { query: [9, 9, 9, 9], using: 'bytes', limit: 1 }
    const found = await again.client.call('POST', `${name}/points/query`, query)
    expect(found['result']).toMatchObject({ points: [{ id: 5, score: 0 }] })
    again.client.close()
    await again.server.stop('test')
  }
})
