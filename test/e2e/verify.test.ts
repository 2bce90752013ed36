import { spawnSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { ReplicaDescription } from '../../actors/index.ts'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { type ServerProcess, startServerProcess } from '../../scripts/demo/server-process.ts'
import { temporaryFolder } from '../support/folders.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'

const main = resolve(import.meta.dirname, '../../dist/bundle/server/main.js')
const millrace = (...args: string[]) =>
  spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: 60_000 })

const often = ['--checkpoints.everyBytes', '64KiB', '--checkpoints.everyMs', '100']

async function replicas(client: RestClient): Promise<ReplicaDescription[]> {
  const { result } = await client.call('GET', '/millrace/replicas')
  return (result as { shards: ReplicaDescription[] }[]).flatMap(({ shards }) => shards)
}

async function ready(client: RestClient): Promise<void> {
  while ((await client.send('GET', '/readyz')).status !== 200) await sleep(10)
}

async function write(client: RestClient, first: number, count: number): Promise<void> {
  const points = Array.from({ length: count }, (_, index) => ({
    id: first + index,
    vector: [first, index, 1, 2],
    payload: { text: 'x'.repeat(100) }
  }))
  await client.call('PUT', '/collections/c/points?wait=true', { points })
}

/** A server on a folder with a collection of two shards, some points and some checkpoints. */
async function loaded(data: string): Promise<{ server: ServerProcess; client: RestClient }> {
  const server = await startServerProcess(['--data', data, ...often])
  const client = new RestClient(server.port)
  const shape = { vectors: { size: 4, distance: 'Euclid' }, shard_number: 2 }
  await client.call('PUT', '/collections/c', shape)
  for (let round = 0; round < 20; round++) await write(client, round * 90, 100)
  await client.call('POST', '/collections/c/points/delete?wait=true', { points: [1, 2, 3, 500] })
  while ((await replicas(client)).some(({ checkpoint }) => checkpoint.kept.length < 2)) {
    await write(client, 5000, 10)
    await sleep(50)
  }
  return { server, client }
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

test('P1 P6 after kill -9 a server goes on from its checkpoint with the digests it had', async () => {
  const data = temporaryFolder()
  const { server, client } = await loaded(data)
  const before = await replicas(client)
  client.close()
  await server.stop('SIGKILL')

  const again = await startServerProcess(['--data', data, ...often])
  const reader = new RestClient(again.port)
  await ready(reader)
  const after = await replicas(reader)
  const facts = (all: ReplicaDescription[]) =>
    all.map(({ nextOffset, digest, points }) => ({ nextOffset, digest, points }))
  expect(facts(after)).toEqual(facts(before))
  for (const { replay, checkpoint } of after) {
    expect(Number(replay.fromCheckpoint)).toBeGreaterThan(0)
    expect(checkpoint.damaged).toEqual([])
  }
  const rebuilt = await reader.call('POST', '/millrace/collections/c/shards/1/rebuild')
  expect(rebuilt['result']).toMatchObject({
    from: '0',
    digest: before[1]?.digest,
    swapped: true,
    equal: true
  })
  await write(reader, 9000, 10)
  const held = await replicas(reader)
  reader.close()
  expect(await again.stop()).toBe(0)

  const third = await startServerProcess(['--data', data])
  const last = new RestClient(third.port)
  await ready(last)
  const found = await replicas(last)
  expect(facts(found)).toEqual(facts(held))
  expect(found.map(({ replay }) => replay.fromCheckpoint)).toEqual(
    held.map(({ nextOffset }) => nextOffset)
  )
  last.close()
  await third.stop()
})

test('verify finds a folder whole, changes nothing in it, and refuses one in use', async () => {
  const data = temporaryFolder()
  const { server, client } = await loaded(data)
  client.close()
  const busy = millrace('verify', data)
  expect([busy.status, busy.stderr]).toEqual([1, expect.stringContaining('is in use by process')])
  await server.stop('SIGKILL')

  const before = filesOf(data).map((path) => [path, readFileSync(path)])
  const { status, stdout } = millrace('verify', data)
  expect([status, stdout]).toEqual([0, expect.stringContaining('everything is whole and equal')])
  expect(stdout).toMatch(/c0\.g0\/1 {2}from the log’s start {2}digest [0-9a-f]{32} at offset \d+/)
  expect(stdout).toMatch(/c0\.g0\/0 {2}from the checkpoint of offset \d+/)
  expect(filesOf(data).map((path) => [path, readFileSync(path)])).toEqual(before)
  const log = millrace('log', 'verify', data)
  expect([log.status, log.stdout]).toEqual([0, expect.stringContaining('the log is whole')])
})

test('verify names the file of a damaged byte, wherever it lies', async () => {
  const seed = testSeed('verify')
  const random = new Random(seed)
  const data = temporaryFolder()
  const { server, client } = await loaded(data)
  client.close()
  await server.stop()
  const harmed = filesOf(data).filter((path) => /\.(ckpt|manifest)$|log\.json$/.test(path))
  for (let round = 0; round < 12; round++) {
    const copy = join(temporaryFolder(), 'data')
    cpSync(data, copy, { recursive: true })
    const path = random.pick(harmed).replace(data, copy)
    const bytes = readFileSync(path)
    const at = random.below(bytes.byteLength)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
    writeFileSync(path, bytes)
    const { status, stdout, stderr } = millrace('verify', copy)
    const place = `${path} at ${at}, SEED=${seed}: ${stderr}`
    expect(status, place).toBe(1)
    expect(stdout, place).toContain(path)
  }
})
