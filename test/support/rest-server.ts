import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type Answer, RestClient } from '../../scripts/demo/rest-client.ts'
import { loadConfig } from '../../src/config/index.ts'
import { type Server, startServer } from '../../src/server.ts'
import { logArguments, removeLog } from './log-arguments.ts'
import { NatsServer, natsSetupMs } from './nats-server.ts'
import { checkAnswer } from './openapi-responses.ts'

/** By default the gateway is in this process; `TEST_WORKERS=2` runs the same tests through gateway workers. */
const workers = process.env['TEST_WORKERS'] ?? '0'

export interface RestFixture {
  readonly client: RestClient
  readonly url: string
  readonly port: number
}

/** A client whose every answer must be what the reference's OpenAPI document says. */
class CheckedClient extends RestClient {
  override async send(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await super.send(method, path, body)
    checkAnswer(method, path, answer.status, answer.body)
    return answer
  }
}

const plainFetch = globalThis.fetch

/** `fetch` that checks the JSON answers of one server. */
function checkedFetch(origin: string): typeof fetch {
  return async (input, options) => {
    const response = await plainFetch(input, options)
    const isJson = response.headers.get('content-type')?.startsWith('application/json')
    if (isJson && response.url.startsWith(origin)) {
      const path = response.url.slice(origin.length)
      const body: unknown = await response.clone().json()
      checkAnswer(options?.method ?? 'GET', path, response.status, body)
    }
    return response
  }
}

/**
 * A server of the test file's own, in this process, on a free port and a fresh folder. Every answer is
 * checked against the reference's OpenAPI document.
 */
export function restServer(...args: string[]): RestFixture {
  let server: Server | undefined
  let client: RestClient | undefined
  let nats: NatsServer | undefined
  // `nats` runs the same tests with every query asked by messages.
  const transport = process.env['TEST_TRANSPORT']
  const data = mkdtempSync(join(tmpdir(), 'millrace-rest-'))

  beforeAll(async () => {
    const common = ['--port', '0', '--data', data, '--log-level', 'silent', '--workers', workers]
    if (transport === 'nats') {
      nats = await NatsServer.start()
      common.push('--nats.url', nats.url, '--query.transport', 'nats')
    }
    const config = loadConfig([...common, ...(await logArguments(data)), ...args], {})
    server = await startServer(config)
    client = new CheckedClient(server.address.port)
    globalThis.fetch = checkedFetch(`http://127.0.0.1:${server.address.port}`)
  }, natsSetupMs)
  afterAll(async () => {
    globalThis.fetch = plainFetch
    client?.close()
    await server?.stop('test')
    await nats?.close()
    await removeLog(data)
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
