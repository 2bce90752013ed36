import { readFileSync } from 'node:fs'
import type { NatsLogin, NatsSettings } from '../api/nats/index.ts'
import type { Config, ConfigPath } from '../config/index.ts'
import { EngineError } from '../errors/index.ts'

/**
 * How this node connects to NATS.
 *
 * @returns undefined when it is not to
 * @throws  MILLRACE_CONFIG_INVALID for logins that exclude each other and files that cannot be read
 */
export function natsSettings(config: Config): NatsSettings | undefined {
  if (config['nats.url'] === '') {
    if (config['query.transport'] === 'nats') throw invalid('query.transport: nats needs nats.url')
    return undefined
  }
  return {
    servers: config['nats.url'].split(','),
    name: config['nats.name'],
    inboxPrefix: config['nats.inboxPrefix'],
    login: loginOf(config),
    tls: tlsOf(config)
  }
}

function loginOf(config: Config): NatsLogin {
  const ways = (['nats.user', 'nats.token', 'nats.credentials', 'nats.nkey'] as const).filter(
    (path) => config[path] !== ''
  )
  if (ways.length > 1) throw invalid(`${ways.join(' and ')} are given, and only one may be`)
  if ((config['nats.user'] === '') !== (config['nats.password'] === '')) {
    throw invalid('nats.user and nats.password need each other')
  }
  switch (ways[0]) {
    case 'nats.user':
      return { kind: 'password', user: config['nats.user'], password: config['nats.password'] }
    case 'nats.token':
      return { kind: 'token', token: config['nats.token'] }
    case 'nats.credentials':
      return { kind: 'credentials', text: readConfigured(config, 'nats.credentials') }
    case 'nats.nkey':
      return { kind: 'nkey', seed: seedIn(readConfigured(config, 'nats.nkey')) }
    default:
      return { kind: 'none' }
  }
}

function tlsOf(config: Config): NatsSettings['tls'] {
  if ((config['nats.tlsCert'] === '') !== (config['nats.tlsKey'] === '')) {
    throw invalid('nats.tlsCert and nats.tlsKey need each other')
  }
  const textOf = (path: 'nats.tlsCa' | 'nats.tlsCert' | 'nats.tlsKey') =>
    config[path] === '' ? undefined : readConfigured(config, path).toString('utf8')
  return { ca: textOf('nats.tlsCa'), cert: textOf('nats.tlsCert'), key: textOf('nats.tlsKey') }
}

/** The seed in a file that may have comments and line ends around it. */
function seedIn(file: Buffer): Buffer {
  const [seed] = /\bSU[A-Z2-7]{56}\b/.exec(file.toString('latin1')) ?? []
  if (seed === undefined) throw invalid('nats.nkey names a file without the seed of a user')
  return Buffer.from(seed)
}

function readConfigured(config: Config, path: ConfigPath): Buffer {
  try {
    return readFileSync(String(config[path]))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw invalid(`${path} cannot be read: ${reason}`)
  }
}

function invalid(reason: string): EngineError {
  return new EngineError('MILLRACE_CONFIG_INVALID', { reason })
}
