import type { ConfigField } from './field.ts'

/** What topics of users need; the ingests themselves come from requests, or from `ingest.define`. */
export const ingestFields = {
  'ingest.define': {
    kind: 'json',
    default: '{}',
    env: 'MILLRACE_INGEST_DEFINE',
    description:
      'Ingests by name, as the bodies of `PUT /millrace/ingest/{name}`; they are made or changed at each start. In the file a map, elsewhere JSON.'
  },
  'ingest.brokers': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_INGEST_BROKERS',
    pattern: /^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$/,
    description:
      'Kafka of ingests that name no brokers, as `host:port`, several with commas between.'
  },
  'ingest.ssl': {
    kind: 'boolean',
    default: false,
    env: 'MILLRACE_INGEST_SSL',
    description: 'Whether Kafka of ingests is spoken to by TLS.'
  },
  'ingest.saslMechanism': {
    kind: 'choice',
    default: 'none',
    choices: ['none', 'plain', 'scram-sha-256', 'scram-sha-512'],
    env: 'MILLRACE_INGEST_SASL_MECHANISM',
    description: 'How ingests log in at Kafka.'
  },
  'ingest.user': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_INGEST_USER',
    description: 'User at Kafka, with `ingest.saslMechanism`.'
  },
  'ingest.password': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_INGEST_PASSWORD',
    isSecret: true,
    description: 'Password of `ingest.user`.'
  },
  'limits.ingests': {
    kind: 'integer',
    default: 1000,
    env: 'MILLRACE_LIMITS_INGESTS',
    minimum: 0,
    maximum: 100_000,
    description: 'Most ingests.'
  }
} as const satisfies Record<string, ConfigField>
