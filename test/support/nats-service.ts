/** A Millrace that is asked over NATS as well, for a test file of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, headers as createHeaders, type Msg, type NatsConnection } from 'nats'
import { afterAll, beforeAll } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { collectionToken } from '../../src/api/nats/index.ts'
import { isOfCollection, operations } from '../../src/api/operations/index.ts'
import { loadConfig } from '../../src/config/index.ts'
import { packMeta, unpackMeta } from '../../src/domain/record/index.ts'
import { type Server, startServer } from '../../src/server.ts'
import { NatsServer, natsSetupMs } from './nats-server.ts'

export interface NatsAsk {
  readonly collection?: string
  readonly body?: unknown
  /** `wait: true` becomes the header `x-millrace-wait: true`. */
  readonly parameters?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  readonly format?: 'json' | 'messagePack'
  readonly timeoutMs?: number
}

export interface NatsAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers: ReadonlyMap<string, string>
  /** `Nats-Service-Error` */
  readonly error: string | undefined
}

/** Asks an operation of the service. @throws NatsError when nobody answers */
export async function askNats(
  connection: NatsConnection,
  operation: string,
  ask: NatsAsk = {}
): Promise<NatsAnswer> {
  const { format = 'json' } = ask
  const headers = createHeaders()
  for (const [name, value] of Object.entries(ask.parameters ?? {})) {
    headers.set(`x-millrace-${name}`, String(value))
  }
  for (const [name, value] of Object.entries(ask.headers ?? {})) headers.set(name, value)
  if (format === 'messagePack') headers.set('content-type', 'application/msgpack')
  const message = await connection.request(
    subjectOf(operation, ask.collection),
    ask.body === undefined ? undefined : encode(ask.body, format),
    { timeout: ask.timeoutMs ?? 10_000, headers }
  )
  return answerOf(message)
}

export function subjectOf(operation: string, collection: string | undefined): string {
  const known = operations.find(({ name }) => name === operation)
  if (known === undefined) throw new Error(`there is no operation ${operation}`)
  const token = isOfCollection(known) ? `${collectionToken(collection ?? '')}.` : ''
  return `millrace.v1.${token}${operation}`
}

function encode(body: unknown, format: 'json' | 'messagePack'): Uint8Array | string {
  if (body instanceof Uint8Array || typeof body === 'string') return body
  return format === 'json' ? JSON.stringify(body) : packMeta(body as null)
}

function answerOf(message: Msg): NatsAnswer {
  const headers = new Map<string, string>()
  for (const [name, values] of message.headers ?? []) headers.set(name, values[0] ?? '')
  const type = headers.get('content-type')
  const bytes = Buffer.from(message.data)
  return {
    status: Number(headers.get('Nats-Service-Error-Code') ?? 200),
    error: headers.get('Nats-Service-Error'),
    headers,
    body:
      type === undefined
        ? JSON.parse(bytes.toString('utf8'))
        : type === 'application/msgpack'
          ? unpackMeta(bytes)
          : bytes.toString('utf8')
  }
}

export interface NatsFixture {
  readonly nats: NatsServer
  readonly rest: RestClient
  readonly server: Server
  /** A client's own connection. */
  readonly connection: NatsConnection
  ask(operation: string, ask?: NatsAsk): Promise<NatsAnswer>
}

/** The test file's own NATS server, a Millrace connected to it, and a client of each kind. */
export function natsService(
  options: { readonly natsConfig?: string; readonly args?: readonly string[] } = {}
): NatsFixture {
  const data = mkdtempSync(join(tmpdir(), 'millrace-nats-data-'))
  let parts: Omit<NatsFixture, 'ask'> | undefined

  beforeAll(async () => {
    const nats = await NatsServer.start(options.natsConfig)
    const workers = process.env['TEST_WORKERS'] ?? '0'
    const args = ['--port', '0', '--data', data, '--log-level', 'silent', '--workers', workers]
    const given = [...args, '--nats.url', nats.url, ...(options.args ?? [])]
    const server = await startServer(loadConfig(given, {}))
    const connection = await connect({ servers: nats.url, maxReconnectAttempts: -1 })
    parts = { nats, server, connection, rest: new RestClient(server.address.port) }
    await untilAnswered(connection)
  }, natsSetupMs)

  afterAll(async () => {
    await parts?.connection.close()
    parts?.rest.close()
    await parts?.server.stop('test')
    await parts?.nats.close()
    rmSync(data, { recursive: true, force: true })
  })

  const started = () => {
    if (parts === undefined) throw new Error('the service has not started')
    return parts
  }
  return {
    get nats() {
      return started().nats
    },
    get rest() {
      return started().rest
    },
    get server() {
      return started().server
    },
    get connection() {
      return started().connection
    },
    ask: (operation, ask) => askNats(started().connection, operation, ask)
  }
}

/** Resolves once the service answers; it may have to connect first. */
export async function untilAnswered(connection: NatsConnection, limitMs = 30_000): Promise<void> {
  const endMs = Date.now() + limitMs
  for (;;) {
    try {
      await askNats(connection, 'healthz', { timeoutMs: 1000 })
      return
    } catch (cause) {
      if (Date.now() > endMs) throw cause
      await sleep(50)
    }
  }
}
