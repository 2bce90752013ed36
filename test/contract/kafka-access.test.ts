import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/index.ts'
import { startServer } from '../../src/server.ts'
import { openKafkaLog } from '../../streams/kafka/index.ts'
import { temporaryFolder } from '../support/folders.ts'
import { KafkaBroker } from '../support/kafka-broker.ts'

/** A certificate for 127.0.0.1 in a store of Java's, and as PEM. */
function makeCertificate() {
  const folder = temporaryFolder()
  const [store, pem] = [join(folder, 'broker.p12'), join(folder, 'ca.pem')]
  const common = [
    '-keystore',
    store,
    '-storetype',
    'PKCS12',
    '-storepass',
    'changeit',
    '-alias',
    'b'
  ]
  const names = ['-dname', 'CN=127.0.0.1', '-ext', 'san=ip:127.0.0.1']
  keytool('-genkeypair', ...common, ...names, '-keyalg', 'EC', '-validity', '2')
  keytool('-exportcert', ...common, '-rfc', '-file', pem)
  return { store, pem }
}

function keytool(...args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync('keytool', args, { encoding: 'utf8' })
  if (status !== 0)
    throw new Error(`keytool of the JDK failed: ${error?.message ?? ''}${stdout}${stderr}`)
}

test('P11 a log behind TLS and a password is reached with both, and refused without either', {
  timeout: 180_000
}, async () => {
  const { store, pem } = makeCertificate()
  const login = 'org.apache.kafka.common.security.plain.PlainLoginModule'
  const broker = await KafkaBroker.start({
    secured: {
      'ssl.keystore.location': store,
      'ssl.keystore.type': 'PKCS12',
      'ssl.keystore.password': 'changeit',
      'ssl.key.password': 'changeit',
      'sasl.enabled.mechanisms': 'PLAIN',
      'plain.sasl.jaas.config': `${login} required user_mill="secret";`
    }
  })
  try {
    const brokers = [broker.securedAddress ?? '']
    const ssl = { ca: [readFileSync(pem, 'utf8')] }
    const sasl = { mechanism: 'plain', username: 'mill', password: 'secret' } as const
    const limits = { prefix: 'p', requestTimeoutMs: 3_000, appendTimeoutMs: 3_000 }
    const log = await openKafkaLog({ brokers, ssl, sasl, ...limits })
    await log.createTopic('t', { partitions: 1 })
    const [offset = -1n] = await log.append('t', 0, [new Uint8Array([1, 2, 3])])
    expect((await log.read('t', 0, offset, { maxBytes: 10 })).count).toBe(1)
    await log.close()

    const wrong = { ...sasl, password: 'wrong' }
    await expect(openKafkaLog({ brokers, ssl, sasl: wrong, ...limits })).rejects.toMatchObject({
      code: 'MILLRACE_LOG_REFUSED'
    })
    await expect(openKafkaLog({ brokers, ssl: {}, sasl, ...limits })).rejects.toMatchObject({
      code: expect.stringMatching(/^MILLRACE_LOG_(UNREACHABLE|REFUSED)$/)
    })

    const server = await startServer(
      loadConfig(
        [
          ...[
            '--port',
            '0',
            '--data',
            temporaryFolder(),
            '--log-level',
            'silent',
            '--workers',
            '0'
          ],
          ...['--log.driver', 'kafka', '--log.kafka.brokers', brokers[0] ?? ''],
          ...['--log.kafka.tls', 'true', '--log.kafka.tlsCa', pem],
          ...['--log.kafka.sasl', 'plain', '--log.kafka.user', 'mill']
        ],
        { MILLRACE_LOG_KAFKA_PASSWORD: 'secret' }
      )
    )
    await server.stop('test')
  } finally {
    await broker.stop()
  }
})
