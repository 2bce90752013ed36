/** Who may do what: credentials, TLS and permissions, as docs/guide/nats.md describes them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConnectionOptions, connect, type NatsConnection, nkeyAuthenticator } from 'nats'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../src/config/index.ts'
import { isEngineError } from '../../src/errors/index.ts'
import { startServer } from '../../src/server.ts'
import { temporaryFolder } from '../support/folders.ts'
import { NatsServer, natsSetupMs } from '../support/nats-server.ts'
import { askNats, untilAnswered } from '../support/nats-service.ts'

const certificates = join(import.meta.dirname, '../fixtures/nats-tls')
const certificate = (name: string) => join(certificates, name)

async function natsWith(config: string): Promise<NatsServer> {
  const nats = await NatsServer.start(config)
  onTestFinished(() => nats.close())
  return nats
}

async function millraceOn(nats: NatsServer, ...args: string[]): Promise<void> {
  const common = ['--port', '0', '--workers', '0', '--log-level', 'silent']
  const own = ['--data', temporaryFolder(), '--nats.url', nats.url]
  const server = await startServer(loadConfig([...common, ...own, ...args], {}))
  onTestFinished(() => server.stop('test'))
}

async function clientOf(
  nats: NatsServer,
  options: ConnectionOptions = {}
): Promise<NatsConnection> {
  const connection = await connect({ servers: `127.0.0.1:${nats.port}`, ...options })
  onTestFinished(() => connection.close())
  return connection
}

test('a user with a password', { timeout: natsSetupMs }, async () => {
  const nats = await natsWith('authorization { user: mill, password: "stone" }')
  await millraceOn(nats, '--nats.user', 'mill', '--nats.password', 'stone')
  await untilAnswered(await clientOf(nats, { user: 'mill', pass: 'stone' }))
})

test('a token', async () => {
  const nats = await natsWith('authorization { token: "grain" }')
  await millraceOn(nats, '--nats.token', 'grain')
  await untilAnswered(await clientOf(nats, { token: 'grain' }))
})

test('an nkey, whose seed may stand among comments', async () => {
  const publicKey = 'UACVIYFODZ2CENAM6GJRK5QSP4MOFH6RFC3AW2FP7K733DZV3JVX5IN4'
  const seed = 'SUAKJRLLHMNGX2GNIHAEBLLEMFLZYBL6DEHDL3BKT6EQ7LUYWUZNW6BSNY'
  const nats = await natsWith(`authorization { users: [ { nkey: ${publicKey} } ] }`)
  const file = join(temporaryFolder(), 'seed')
  writeFileSync(file, `# of the tests\n${seed}\n`)
  await millraceOn(nats, '--nats.nkey', file)
  await untilAnswered(await clientOf(nats, { authenticator: nkeyAuthenticator(Buffer.from(seed)) }))
})

const tls = `tls {
  cert_file: "${certificate('server.pem')}"
  key_file: "${certificate('server-key.pem')}"
  ca_file: "${certificate('ca.pem')}"
  verify: true
}`

test('TLS with certificates on both sides', async () => {
  const nats = await natsWith(tls)
  const files = ['--nats.tlsCa', certificate('ca.pem')]
  const own = ['--nats.tlsCert', certificate('client.pem')]
  await millraceOn(nats, ...files, ...own, '--nats.tlsKey', certificate('client-key.pem'))
  const text = (name: string) => readFileSync(certificate(name), 'utf8')
  const client = await clientOf(nats, {
    tls: { ca: text('ca.pem'), cert: text('client.pem'), key: text('client-key.pem') }
  })
  await untilAnswered(client)
})

test.each([
  [['--nats.user', 'mill'], 'nats.user and nats.password need each other'],
  [['--nats.token', 't', '--nats.nkey', '/x'], 'nats.token and nats.nkey are given'],
  [['--nats.nkey', '/no/such/file'], 'nats.nkey cannot be read'],
  [['--nats.credentials', '/no/such/file'], 'nats.credentials cannot be read'],
  [['--nats.nkey', certificate('ca.pem')], 'without the seed of a user'],
  [['--nats.tlsCert', certificate('client.pem')], 'nats.tlsCert and nats.tlsKey need each other']
])('%j is refused before anything is opened', async (args, reason) => {
  const common = ['--port', '0', '--workers', '2', '--log-level', 'silent']
  const own = ['--data', temporaryFolder(), '--nats.url', 'nats://127.0.0.1:1']
  await expect(startServer(loadConfig([...common, ...own, ...args], {}))).rejects.toSatisfy(
    (error) => isEngineError(error, 'MILLRACE_CONFIG_INVALID') && error.message.includes(reason)
  )
})

test('credentials in the URL are refused: it is logged', () => {
  expect(() => loadConfig(['--nats.url', 'nats://user:word@host:4222'], {})).toThrow('nats.url')
})

const readerPermissions = `authorization {
  users: [
    { user: mill, password: "stone", permissions: {
      subscribe: ["millrace.v1.>", "$SRV.>"]
      publish: ["_INBOX.>"]
    } }
    { user: reader, password: "r", permissions: {
      publish: ["millrace.v1.words.query", "millrace.v1.words.count", "millrace.v1.healthz"]
      subscribe: ["_INBOX.>"]
    } }
    { user: admin, password: "a" }
  ]
}`

test('P11 permissions on subjects say who may ask what of which collection', async () => {
  const nats = await natsWith(readerPermissions)
  await millraceOn(nats, '--nats.user', 'mill', '--nats.password', 'stone')
  const admin = await clientOf(nats, { user: 'admin', pass: 'a' })
  await untilAnswered(admin)
  for (const collection of ['words', 'secrets']) {
    const body = { vectors: { size: 1, distance: 'Dot' } }
    expect(await askNats(admin, 'create_collection', { collection, body })).toMatchObject({
      status: 200
    })
  }
  const reader = await clientOf(nats, { user: 'reader', pass: 'r' })
  const counted = await askNats(reader, 'count', { collection: 'words', body: {} })
  expect(counted.body).toMatchObject({ result: { count: 0 } })
  for (const [operation, collection] of [
    ['count', 'secrets'],
    ['delete_collection', 'words'],
    ['list_collections', undefined]
  ] as const) {
    const asked = askNats(reader, operation, { ...(collection && { collection }), timeoutMs: 500 })
    await expect(asked).rejects.toThrow(/Permissions Violation|TIMEOUT/i)
  }
  expect((await askNats(admin, 'count', { collection: 'words', body: {} })).status).toBe(200)
})
