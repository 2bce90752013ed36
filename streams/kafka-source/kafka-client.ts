import { Kafka, type KafkaConfig, logLevel, Partitioners } from 'kafkajs'

export interface KafkaAccess {
  readonly ssl: boolean
  readonly sasl:
    | {
        readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
        readonly username: string
        readonly password: string
      }
    | undefined
  /** What the client has to say, for whoever looks into a problem. */
  readonly onLog: (label: string, entry: object) => void
}

/** A client that gives up within seconds: whoever uses it tries again, and knows how often. */
export function kafkaClient(brokers: readonly string[], name: string, access: KafkaAccess): Kafka {
  return new Kafka({
    clientId: name,
    brokers: [...brokers],
    ssl: access.ssl,
    ...(access.sasl !== undefined && { sasl: access.sasl as NonNullable<KafkaConfig['sasl']> }),
    connectionTimeout: 3_000,
    authenticationTimeout: 10_000,
    requestTimeout: 15_000,
    retry: {
      initialRetryTime: 100,
      maxRetryTime: 1_000,
      retries: 4,
      restartOnFailure: async () => false
    },
    logLevel: logLevel.INFO,
    logCreator:
      () =>
      ({ label, log }) =>
        access.onLog(label, log)
  })
}

/** Its own partition is told with each message, so that no partitioner is asked; naming one keeps the client quiet. */
export const anyPartitioner = Partitioners.DefaultPartitioner
