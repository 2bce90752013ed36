/** Who may do what: credentials, TLS and permissions, as docs/guide/nats.md describes them. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator
} from 'nats'
import { expect, onTestFinished, test } from 'vitest'
import { loadConfig } from '../../src/config/index.ts'
import { isEngineError } from '../../src/errors/index.ts'
import { startServer } from '../../src/server.ts'
import { temporaryFolder } from '../support/folders.ts'
import { makeNatsUser } from '../support/nats-jwt.ts'
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

test('a credentials file with a JWT and a seed', async () => {
  const { serverConfig, credentials } = makeNatsUser()
  const nats = await natsWith(serverConfig)
  const file = join(temporaryFolder(), 'millrace.creds')
  writeFileSync(file, credentials)
  await millraceOn(nats, '--nats.credentials', file)
  const authenticator = credsAuthenticator(Buffer.from(credentials))
  await untilAnswered(await clientOf(nats, { authenticator }))
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

const guide = readFileSync(join(import.meta.dirname, '../../docs/guide/nats.md'), 'utf8')

function blockOf(language: string): string {
  const [, block] = new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 's').exec(guide) ?? []
  if (block === undefined) throw new Error(`the guide has no block of ${language}`)
  return block
}

test.each(['local', 'nats'])(
  'P11 the permissions of the guide say who may ask what (%s)',
  async (transport) => {
    const nats = await natsWith(blockOf('conf'))
    await millraceOn(
      nats,
      ...['--nats.user', 'millrace', '--nats.password', 'mill'],
      ...['--nats.inboxPrefix', '_INBOX_millrace', '--query.transport', transport]
    )
    const admin = await clientOf(nats, { user: 'operator', pass: 'run' })
    await untilAnswered(admin)
    for (const collection of ['words', 'secrets']) {
      const body = { vectors: { size: 1, distance: 'Dot' } }
      expect(await askNats(admin, 'create_collection', { collection, body })).toMatchObject({
        status: 200
      })
    }
    const reader = await clientOf(nats, {
      user: 'reader',
      pass: 'read',
      inboxPrefix: '_INBOX_reader'
    })
    const ask = { collection: 'words', body: { query: [1] } }
    expect(await askNats(reader, 'query', ask)).toMatchObject({ status: 200 })
    expect(await askNats(reader, 'count', { ...ask, body: {} })).toMatchObject({ status: 200 })
    for (const [operation, collection] of [
      ['count', 'secrets'],
      ['delete_collection', 'words'],
      ['upsert', 'words'],
      ['list_collections', undefined]
    ] as const) {
      const asked = askNats(reader, operation, {
        ...(collection && { collection }),
        timeoutMs: 300
      })
      await expect(asked).rejects.toThrow(/Permissions Violation|TIMEOUT/i)
    }
    // What was refused was no request, and the reader may go on.
    expect(await askNats(reader, 'query', ask)).toMatchObject({ status: 200 })
    expect(await askNats(admin, 'collection_exists', { collection: 'words' })).toMatchObject({
      body: { result: { exists: true } }
    })
  }
)

test('the program of the guide runs', async () => {
  const nats = await natsWith('')
  await millraceOn(nats)
  await untilAnswered(await clientOf(nats))
  const program = blockOf('js').replace('nats://127.0.0.1:4222', nats.url)
  const root = join(import.meta.dirname, '../..')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', program],
    { cwd: root, timeout: 20_000 }
  )
  expect(JSON.parse(stdout)).toMatchObject({ points: [{ id: 1, score: 1 }] })
})
