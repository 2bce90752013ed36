import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { loadConfig } from '../../src/config/index.ts'
import { type Server, startServer } from '../../src/server.ts'

/** By default the gateway is in this process; `TEST_WORKERS=2` runs the same tests through gateway workers. */
const workers = process.env['TEST_WORKERS'] ?? '0'

export interface RestFixture {
  readonly client: RestClient
  readonly url: string
  readonly port: number
}

/** A server of the test file's own, in this process, on a free port and a fresh folder. */
export function restServer(...args: string[]): RestFixture {
  let server: Server | undefined
  let client: RestClient | undefined
  const data = mkdtempSync(join(tmpdir(), 'millrace-rest-'))

  beforeAll(async () => {
    const config = loadConfig(
      ['--port', '0', '--data', data, '--log-level', 'silent', '--workers', workers, ...args],
      {}
    )
    server = await startServer(config)
    client = new RestClient(server.address.port)
  })
  afterAll(async () => {
    client?.close()
    await server?.stop('test')
    rmSync(data, { recursive: true, force: true })
  })
  const port = () => server?.address.port ?? 0
  return {
    get client() {
      if (client === undefined) throw new Error('the server has not started')
      return client
    },
    get port() {
      return port()
    },
    get url() {
      return `http://127.0.0.1:${port()}`
    }
  }
}
