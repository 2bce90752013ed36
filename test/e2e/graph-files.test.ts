import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { type ServerProcess, startServerProcess } from '../../scripts/demo/server-process.ts'
import { temporaryFolder } from '../support/folders.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'

const main = resolve(import.meta.dirname, '../../dist/bundle/server/main.js')
const verify = (data: string) =>
  spawnSync(process.execPath, [main, 'verify', data], { encoding: 'utf8', timeout: 60_000 })

const points = 4000
const dimension = 16

const graphFiles = (data: string): string[] =>
  readdirSync(data, { recursive: true, withFileTypes: true })
    .filter((entry) => /\.graph$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))

async function start(data: string): Promise<{ server: ServerProcess; client: RestClient }> {
  const server = await startServerProcess(['--data', data, '--checkpoints.everyMs', '200'])
  const client = new RestClient(server.port)
  while ((await client.send('GET', '/readyz')).status !== 200) await sleep(10)
  return { server, client }
}

async function indexed(client: RestClient): Promise<number> {
  const { result } = await client.call('GET', '/collections/c')
  return (result as { indexed_vectors_count: number }).indexed_vectors_count
}

async function untilIndexed(client: RestClient): Promise<void> {
  while ((await indexed(client)) < points) await sleep(20)
}

const query = Array.from({ length: dimension }, (_, at) => Math.sin(at))
const nearest = async (client: RestClient) =>
  (await client.call('POST', '/collections/c/points/query', { query, limit: 10 }))['result']

/** A server with a collection whose vectors are all in a graph, and whose graph is in a file. */
async function loaded(data: string, random: Random): Promise<ReturnType<typeof start>> {
  const running = await start(data)
  const { client } = running
  const shape = {
    vectors: { size: dimension, distance: 'Euclid' },
    optimizers_config: { indexing_threshold: 1 },
    hnsw_config: { m: 24, ef_construct: 200 }
  }
  await client.call('PUT', '/collections/c', shape)
  for (let first = 0; first < points; first += 500) {
    const batch = Array.from({ length: 500 }, (_, index) => ({
      id: first + index,
      vector: Array.from({ length: dimension }, () => random.next())
    }))
    await client.call('PUT', '/collections/c/points?wait=true', { points: batch })
  }
  await untilIndexed(client)
  while (graphFiles(data).length === 0) await sleep(20)
  return running
}

test('after a kill the graph is there with the first answer, and nothing of it is built again', async () => {
  const data = temporaryFolder()
  const first = await loaded(data, new Random(testSeed('graph files')))
  const hits = await nearest(first.client)
  first.client.close()
  await first.server.stop('SIGTERM')

  const { server, client } = await start(data)
  expect(await indexed(client)).toBe(points)
  expect(await nearest(client)).toEqual(hits)
  client.close()
  await server.stop('SIGKILL')

  const again = await start(data)
  expect(await indexed(again.client)).toBe(points)
  expect(await nearest(again.client)).toEqual(hits)
  again.client.close()
  await again.server.stop('SIGTERM')
  const { status, stdout } = verify(data)
  expect(stdout).toContain(`.graph is whole`)
  expect(status).toBe(0)
})

test('a damaged graph file is named by verify and at the start, set aside, and the graph is built again', async () => {
  const seed = testSeed('damaged graph files')
  const random = new Random(seed)
  const data = temporaryFolder()
  const first = await loaded(data, random)
  first.client.close()
  await first.server.stop('SIGTERM')
  const [file = ''] = graphFiles(data)
  const bytes = readFileSync(file)
  const at = random.below(bytes.length)
  bytes[at] = (bytes[at] ?? 0) ^ 16
  writeFileSync(file, bytes)
  const { status, stdout } = verify(data)
  expect(stdout, `byte ${at}`).toContain(`the graph file is damaged: ${file}, at byte`)
  expect(status).not.toBe(0)

  const { server, client } = await start(data)
  await untilIndexed(client)
  const { result } = await client.call('GET', '/millrace/replicas')
  const text = JSON.stringify(result)
  expect(text).toContain(`the graph file is damaged: ${file}`)
  client.close()
  await server.stop('SIGTERM')
  expect(verify(data).status).toBe(0)
})
