import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { loadConfig } from '../../src/config/index.ts'
import { startServer } from '../../src/server.ts'
import { temporaryFolder } from '../support/folders.ts'

async function withServer<Result>(
  folder: string,
  define: object,
  work: (client: RestClient) => Promise<Result>
): Promise<Result> {
  const file = join(folder, 'millrace.yaml')
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ ingest: { brokers: '127.0.0.1:1', define } }))
  const args = ['--port', '0', '--data', join(folder, 'data'), '--log-level', 'silent']
  const server = await startServer(loadConfig([...args, '--workers', '0', '--config', file], {}))
  const client = new RestClient(server.address.port)
  try {
    return await work(client)
  } finally {
    client.close()
    await server.stop('test')
  }
}

async function listed(client: RestClient) {
  const { result } = await client.call('GET', '/millrace/ingest')
  return (result as { ingests: { name: string; id: string; spec: object }[] }).ingests
}

test('ingests of the configuration are made once, changed when they change, and wrong ones stop no start', async () => {
  const folder = temporaryFolder()
  await withServer(folder, {}, (client) =>
    client.call('PUT', '/collections/c', { vectors: { size: 2, distance: 'Dot' } })
  )
  const define = {
    good: { collection: 'c', topics: ['t'] },
    homeless: { collection: 'nobody', topics: ['t'] },
    wrong: { collection: 'c', topics: [] }
  }
  const first = await withServer(folder, define, listed)
  expect(first.map(({ name }) => name)).toEqual(['good'])
  expect(await withServer(folder, define, listed)).toMatchObject([{ id: first[0]?.id }])
  const changed = { good: { ...define.good, topics: ['t', 'u'] } }
  expect(await withServer(folder, changed, listed)).toMatchObject([
    { id: first[0]?.id, spec: { topics: ['t', 'u'] } }
  ])
})

test('without its broker an ingest waits and says why, and the node serves', async () => {
  const folder = temporaryFolder()
  await withServer(folder, {}, async (client) => {
    await client.call('PUT', '/collections/c', { vectors: { size: 2, distance: 'Dot' } })
    await client.call('PUT', '/millrace/ingest/i', { collection: 'c', topics: ['t'] })
    let status: { state: string; lastError: string | null } | undefined
    for (let attempt = 0; attempt < 300 && status?.lastError == null; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      status = (await client.call('GET', '/millrace/ingest/i'))['result'] as typeof status
    }
    expect(status?.lastError).toContain('MILLRACE_SOURCE_UNAVAILABLE')
    expect(['waiting', 'connecting']).toContain(status?.state)
    expect((await client.send('GET', '/readyz')).status).toBe(200)
  })
})

test('a definition that is no map is refused', () => {
  for (const define of ['[]', 'x', '1'])
    expect(() => loadConfig(['--ingest.define', define], {})).toThrow(/must be a map/)
})
