import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { startServerProcess } from '../../scripts/demo/server-process.ts'
import { temporaryFolder } from '../support/folders.ts'

const main = resolve(import.meta.dirname, '../../dist/bundle/server/main.js')
const millrace = (...args: string[]) =>
  spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', timeout: 20_000 })

test('--help teaches and --version names the version', () => {
  expect(millrace('--help').stdout).toContain('millrace log dump DATA')
  expect(millrace('--version').stdout).toMatch(/^millrace \d+\.\d+\.\d+\n$/)
})

test('a wrong flag ends with one sentence and code 1', () => {
  const { status, stderr } = millrace('--prot', '1')
  expect([status, stderr]).toEqual([
    1,
    'millrace: unknown option --prot, did you mean --port?; see millrace --help\n'
  ])
})

test('an unknown command ends with code 2', () => {
  expect(millrace('frobnicate').status).toBe(2)
})

test('SIGTERM answers what is under way and ends with code 0', async () => {
  const server = await startServerProcess(['--data', temporaryFolder()])
  const client = new RestClient(server.port)
  await client.call('PUT', '/collections/c', { vectors: { size: 2, distance: 'Dot' } })
  const writes = Array.from({ length: 20 }, (_, id) =>
    client.send('PUT', '/collections/c/points?wait=true', { points: [{ id, vector: [1, 2] }] })
  )
  await writes[0]
  const stopped = server.stop('SIGTERM')
  const answers = await Promise.allSettled(writes)
  expect(await stopped).toBe(0)
  for (const answer of answers) {
    if (answer.status === 'fulfilled') expect([200, 503]).toContain(answer.value.status)
  }
  client.close()
})

test('SIGTERM in the middle of the start stops in order', async () => {
  const data = temporaryFolder()
  for (let round = 0; round < 5; round++) {
    const child = spawn(process.execPath, [main, '--port', '0', '--data', data])
    // Its first line comes before it opens the data folder.
    await once(child.stdout, 'data')
    child.stdout.resume()
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  }
  const server = await startServerProcess(['--data', data])
  expect(await server.stop()).toBe(0)
})

test('a busy port is named, and the data folder is left usable', async () => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  const address = blocker.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const data = temporaryFolder()
  const { status, stderr } = millrace('--port', String(port), '--data', data)
  expect([status, stderr]).toEqual([
    1,
    expect.stringContaining(
      `127.0.0.1:${port} is in use by another program; choose another with --port`
    )
  ])
  blocker.close()
  const server = await startServerProcess(['--data', data])
  expect(await server.stop()).toBe(0)
})

test('a data folder in use names its holder', async () => {
  const data = temporaryFolder()
  const server = await startServerProcess(['--data', data])
  const second = millrace('--port', '0', '--data', data)
  expect(second.status).toBe(1)
  expect(second.stderr).toContain(`is in use by process ${server.child.pid} since 2`)
  await server.stop('SIGKILL')
  const third = await startServerProcess(['--data', data])
  expect(await third.stop()).toBe(0)
})

test('a data folder that is a file, lies below one, or cannot be written is refused with the reason', () => {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  // Nobody may make a folder in /sys, root neither.
  for (const data of [file, join(file, 'below'), '/sys/millrace']) {
    const { status, stderr } = millrace('--port', '0', '--data', data)
    expect([status, stderr]).toEqual([1, expect.stringContaining('cannot be used: ')])
  }
})

test('a data folder of a newer format is refused and left alone', () => {
  const data = temporaryFolder()
  const format = '{"format":"millrace-data","version":2}\n'
  writeFileSync(join(data, 'format.json'), format)
  const { status, stderr } = millrace('--port', '0', '--data', data)
  expect([status, stderr]).toEqual([
    1,
    expect.stringContaining('is of format version 2; this version reads up to 1')
  ])
  expect(readFileSync(join(data, 'format.json'), 'utf8')).toBe(format)
  expect(existsSync(join(data, 'log'))).toBe(false)
})

test('a damaged batch in the middle of the log is named with file and offset, and nothing past it is served', async () => {
  const data = temporaryFolder()
  const server = await startServerProcess(['--data', data])
  const client = new RestClient(server.port)
  await client.call('PUT', '/collections/c', { vectors: { size: 2, distance: 'Dot' } })
  for (let id = 0; id < 10; id++) {
    await client.call('PUT', '/collections/c/points?wait=true', {
      points: [{ id, vector: [1, id], payload: { mark: `mark-${id}` } }]
    })
  }
  client.close()
  await server.stop()

  const folder = join(data, 'log', 'c0.g0', '0')
  const segment = readdirSync(folder).find((name) => name.endsWith('.log')) ?? ''
  const bytes = readFileSync(join(folder, segment))
  const at = bytes.indexOf('mark-4')
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(join(folder, segment), bytes)
  // With a checkpoint behind the damage nobody would read it.
  rmSync(join(data, 'shards'), { recursive: true })

  const again = await startServerProcess(['--data', data])
  const reader = new RestClient(again.port)
  let answer = await reader.send('POST', '/collections/c/points/count', {})
  while (!JSON.stringify(answer.body).includes('the log is damaged')) {
    expect(answer.status).toBe(503)
    await sleep(10)
    answer = await reader.send('POST', '/collections/c/points/count', {})
  }
  expect(answer.status).toBe(503)
  expect(JSON.stringify(answer.body)).toContain(segment)
  expect(JSON.stringify(answer.body)).toMatch(/shard 0 stopped at offset 5: .*offset 5/)
  expect((await reader.send('GET', '/readyz')).status).toBe(503)
  const write = { points: [{ id: 99, vector: [1, 1] }] }
  expect((await reader.send('PUT', '/collections/c/points?wait=true', write)).status).toBe(503)
  reader.close()
  await again.stop()

  const dump = millrace('log', 'dump', data, 'c0.g0')
  expect([dump.status, dump.stdout]).toEqual([1, expect.stringContaining('DAMAGED')])
})

test('millrace log dump prints every record', async () => {
  const data = temporaryFolder()
  const server = await startServerProcess(['--data', data])
  const client = new RestClient(server.port)
  await client.call('PUT', '/collections/c', { vectors: { size: 2, distance: 'Dot' } })
  await client.call('PUT', '/collections/c/points?wait=true', {
    points: [{ id: 1, vector: [1, 2] }]
  })
  await client.call('POST', '/collections/c/points/delete?wait=true', { points: [1] })
  client.close()
  await server.stop()
  const { status, stdout } = millrace('log', 'dump', data)
  expect(status).toBe(0)
  expect(stdout).toContain('"type":"createCollection"')
  expect(stdout).toMatch(/schema {2}0 rows/)
  expect(stdout).toMatch(/upsert {2}1 rows/)
  expect(stdout).toMatch(/deletePoints {2}1 rows/)
})

test('a deleted collection leaves nothing in the data folder', async () => {
  const data = temporaryFolder()
  const server = await startServerProcess(['--data', data])
  const client = new RestClient(server.port)
  await client.call('PUT', '/collections/c', { vectors: { size: 2, distance: 'Dot' } })
  expect(readdirSync(join(data, 'log'))).toContain('c0.g0')
  await client.call('DELETE', '/collections/c')
  client.close()
  await server.stop()
  expect(readdirSync(join(data, 'log')).filter((name) => name.startsWith('c'))).toEqual([])
  expect(existsSync(join(data, 'shards', 'c0.g0'))).toBe(false)
})

test('without a compiler the set-up says in one sentence what to install', async () => {
  const child = spawn(
    process.execPath,
    ['-e', "import('./scripts/build.mjs').then((b) => b.requireTools())"],
    {
      cwd: resolve(import.meta.dirname, '../..'),
      env: { PATH: temporaryFolder() }
    }
  )
  let text = ''
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  const [code] = await once(child, 'exit')
  expect([code, text]).toEqual([
    1,
    'CMake is missing: install it (Debian: apt-get install cmake; macOS: brew install cmake).\n'
  ])
})
