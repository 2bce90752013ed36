import type { ConfigField } from './field.ts'

/** How the node reaches NATS, to be asked through it. */
export const natsFields = {
  'nats.url': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_NATS_URL',
    pattern: /^(nats|tls):\/\/[^\s,@]+(,(nats|tls):\/\/[^\s,@]+)*$/,
    description:
      'NATS servers to be asked through, as `nats://host:4222`, several of one cluster with commas between; without it there is no NATS.'
  },
  'nats.prefix': {
    kind: 'string',
    default: 'millrace',
    env: 'MILLRACE_NATS_PREFIX',
    pattern: /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/,
    description: 'Begin of every subject: `<prefix>.v1.<collection>.<operation>`.'
  },
  'nats.name': {
    kind: 'string',
    default: 'millrace',
    env: 'MILLRACE_NATS_NAME',
    description: 'How the NATS server lists the connections of this node.'
  },
  'nats.queue': {
    kind: 'string',
    default: 'q',
    env: 'MILLRACE_NATS_QUEUE',
    pattern: /^[A-Za-z0-9_-]+$/,
    description: 'Queue group of the endpoints: of all its members one gets each request.'
  },
  'nats.inboxPrefix': {
    kind: 'string',
    default: '_INBOX',
    env: 'MILLRACE_NATS_INBOX_PREFIX',
    pattern: /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/,
    description: 'Where answers to requests between nodes arrive.'
  },
  'nats.user': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_NATS_USER',
    description: 'User at the NATS server; needs `nats.password`.'
  },
  'nats.password': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_NATS_PASSWORD',
    isSecret: true,
    description: 'Password of `nats.user`.'
  },
  'nats.token': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_NATS_TOKEN',
    isSecret: true,
    description: 'Token for a NATS server that asks for one.'
  },
  'nats.credentials': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_NATS_CREDENTIALS',
    description: 'File with a user’s JWT and seed (`.creds`).'
  },
  'nats.nkey': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_NATS_NKEY',
    description: 'File with a user’s NKey seed.'
  },
  'nats.tlsCa': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_NATS_TLS_CA',
    description: 'File with the certificates in PEM that a NATS server’s own must come from.'
  },
  'nats.tlsCert': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_NATS_TLS_CERT',
    description: 'File with this node’s certificate in PEM, for NATS servers that ask for one.'
  },
  'nats.tlsKey': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_NATS_TLS_KEY',
    description: 'File with the key of `nats.tlsCert` in PEM.'
  }
} as const satisfies Record<string, ConfigField>
