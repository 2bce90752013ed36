import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { loadConfig } from '../../src/config/index.ts'
import { startServer } from '../../src/server.ts'
import { temporaryFolder } from '../support/folders.ts'

async function withServer(
  data: string,
  minFreeBytes: number,
  work: (client: RestClient) => Promise<void>
): Promise<void> {
  const args = ['--port', '0', '--data', data, '--log-level', 'silent']
  const config = loadConfig([...args, '--storage.minFreeBytes', String(minFreeBytes)], {})
  const server = await startServer(config)
  const client = new RestClient(server.address.port)
  try {
    while ((await client.send('GET', '/readyz')).status !== 200) await setTimeout(5)
    await work(client)
  } finally {
    client.close()
    await server.stop('test')
  }
}

const points = [
  { id: 1, vector: [1, 2], payload: { a: 1 } },
  { id: 2, vector: [3, 4] }
]

test('on a low disk writes that need space get 507, deletions and reads go on', async () => {
  const data = temporaryFolder()
  await withServer(data, 0, async (client) => {
    await client.call('PUT', '/collections/c', { vectors: { size: 2, distance: 'Dot' } })
    await client.call('PUT', '/collections/c/points?wait=true', { points })
  })
  await withServer(data, Number.MAX_SAFE_INTEGER, async (client) => {
    const refused = await client.send('PUT', '/collections/c/points?wait=true', { points })
    expect(refused.status).toBe(507)
    expect(refused.body['status']).toMatchObject({
      error: expect.stringMatching(
        /^Insufficient storage: the disk of .* has \d+ bytes free, too few to keep the configured minimum of 9007199254740991 bytes\. Help: Free some space/
      )
    })
    const create = { vectors: { size: 2, distance: 'Dot' } }
    expect((await client.send('PUT', '/collections/d', create)).status).toBe(507)
    await client.call('POST', '/collections/c/points/delete?wait=true', { points: [2] })
    const { result } = await client.call('POST', '/collections/c/points/scroll', {})
    expect((result as { points: { id: number }[] }).points.map(({ id }) => id)).toEqual([1])
    const { text } = (await client.send('GET', '/metrics')).body
    expect(text).toContain('millrace_disk_low 1')
    expect(text).toContain('millrace_refused_writes 2')
    await client.call('DELETE', '/collections/c')
  })
})
