import type { ConfigField } from './field.ts'

/** How the log reaches Kafka, with `log.driver: kafka`. */
export const kafkaFields = {
  'log.kafka.brokers': {
    kind: 'string',
    default: '127.0.0.1:9092',
    env: 'MILLRACE_LOG_KAFKA_BROKERS',
    pattern: /^[^\s,:]+:\d+(,[^\s,:]+:\d+)*$/,
    description:
      'Some brokers of the Kafka cluster, as `host:port` with commas between; the others are found through them.'
  },
  'log.kafka.prefix': {
    kind: 'string',
    default: 'millrace',
    env: 'MILLRACE_LOG_KAFKA_PREFIX',
    pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/,
    description:
      'Begin of every topic: `<prefix>.meta`, `<prefix>.c<id>.g<generation>`. Nodes with one prefix are one system.'
  },
  'log.kafka.clientId': {
    kind: 'string',
    default: 'millrace',
    env: 'MILLRACE_LOG_KAFKA_CLIENT_ID',
    description: 'How Kafka names the connections of this node in its logs and quotas.'
  },
  'log.kafka.replicationFactor': {
    kind: 'integer',
    default: 0,
    env: 'MILLRACE_LOG_KAFKA_REPLICATION_FACTOR',
    minimum: 0,
    maximum: 100,
    description:
      'Copies of each topic that is created; 0 takes 3, or as many as there are brokers. With 3 and more, two must have a write.'
  },
  'log.kafka.requestTimeoutMs': {
    kind: 'integer',
    default: 10_000,
    env: 'MILLRACE_LOG_KAFKA_REQUEST_TIMEOUT_MS',
    unit: 'ms',
    minimum: 100,
    maximum: 300_000,
    description:
      'A broker that is silent for so long is connected to anew, and the request repeated.'
  },
  'log.kafka.appendTimeoutMs': {
    kind: 'integer',
    default: 30_000,
    env: 'MILLRACE_LOG_KAFKA_APPEND_TIMEOUT_MS',
    unit: 'ms',
    minimum: 100,
    maximum: 3_600_000,
    description: 'How long a write waits for Kafka before it gets 503.'
  },
  'log.kafka.tls': {
    kind: 'boolean',
    default: false,
    env: 'MILLRACE_LOG_KAFKA_TLS',
    description: 'Whether connections to Kafka are encrypted.'
  },
  'log.kafka.tlsCa': {
    kind: 'string',
    default: '',
    defaultText: 'those of the system',
    env: 'MILLRACE_LOG_KAFKA_TLS_CA',
    description: 'File with the authorities that Kafka’s certificates are checked against (PEM).'
  },
  'log.kafka.tlsCert': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_LOG_KAFKA_TLS_CERT',
    description: 'File with the certificate of this node (PEM), where Kafka asks for one.'
  },
  'log.kafka.tlsKey': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_LOG_KAFKA_TLS_KEY',
    description: 'File with the key of `log.kafka.tlsCert` (PEM).'
  },
  'log.kafka.sasl': {
    kind: 'choice',
    default: 'none',
    choices: ['none', 'plain', 'scram-sha-256', 'scram-sha-512'],
    env: 'MILLRACE_LOG_KAFKA_SASL',
    description: 'How this node says who it is.'
  },
  'log.kafka.user': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_LOG_KAFKA_USER',
    description: 'User at Kafka, with `log.kafka.sasl`.'
  },
  'log.kafka.password': {
    kind: 'string',
    default: '',
    defaultText: 'none',
    env: 'MILLRACE_LOG_KAFKA_PASSWORD',
    isSecret: true,
    description: 'Password of `log.kafka.user`.'
  }
} as const satisfies Record<string, ConfigField>
