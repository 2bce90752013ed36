/** What the log needs of kafkajs and its public types do not show; see docs/adr/0007-read-kafka-by-fetch.md. */

declare module 'kafkajs/src/cluster/index.js' {
  import type { KafkajsBroker, KafkajsClusterOptions } from 'kafkajs/millrace'

  export default class Cluster {
    constructor(options: KafkajsClusterOptions)
    connect(): Promise<void>
    disconnect(): Promise<void>
    /** Of all topics, which also learns which brokers there are. */
    refreshMetadata(): Promise<void>
    getNodeIds(): string[]
    findBroker(options: { readonly nodeId: string }): Promise<KafkajsBroker>
    findControllerBroker(): Promise<KafkajsBroker>
    readonly brokerPool: { findConnectedBroker(): Promise<KafkajsBroker> }
  }
}

declare module 'kafkajs/src/loggers/index.js' {
  import type { logCreator, logLevel } from 'kafkajs'
  import type { KafkajsLogger } from 'kafkajs/millrace'

  const loggers: {
    createLogger(options: { level: logLevel; logCreator: logCreator }): KafkajsLogger
  }
  export default loggers
}

declare module 'kafkajs/millrace' {
  import type { ConnectionOptions } from 'node:tls'
  import type { ISocketFactory, RetryOptions, SASLOptions } from 'kafkajs'

  /** Opaque: made by kafkajs for kafkajs. */
  export interface KafkajsLogger {
    readonly namespace: unknown
  }

  export interface KafkajsClusterOptions {
    readonly logger: KafkajsLogger
    readonly socketFactory: ISocketFactory
    readonly brokers: readonly string[]
    readonly clientId: string
    readonly ssl?: ConnectionOptions | undefined
    readonly sasl?: SASLOptions | undefined
    readonly connectionTimeout: number
    readonly authenticationTimeout: number
    readonly reauthenticationThreshold: number
    readonly requestTimeout: number
    readonly enforceRequestTimeout: true
    readonly metadataMaxAge: number
    readonly allowAutoTopicCreation: false
    readonly isolationLevel: 0
    readonly retry: RetryOptions
  }

  export interface FetchedRecord {
    readonly offset: string
    readonly timestamp: string
    readonly value: Buffer | null
    readonly isControlRecord: boolean
  }

  export interface FetchedPartition {
    readonly partition: number
    readonly highWatermark: string
    readonly messages: readonly FetchedRecord[]
  }

  interface OfTopic<Partition> {
    readonly topic: string
    readonly partitions: readonly Partition[]
  }

  /** One connected broker; every method sends one request, and rejects when any part of its answer is an error. */
  export interface KafkajsBroker {
    /** Fetch requests go by the second connection, all others by the first. */
    readonly connectionPool: {
      readonly pool: readonly { isConnected(): boolean }[]
      getConnection(index: number): Promise<unknown>
    }
    metadata(topics: readonly string[]): Promise<{
      readonly brokers: readonly { readonly nodeId: number }[]
      readonly topicMetadata: readonly {
        readonly topic: string
        readonly partitionMetadata: readonly {
          readonly partitionId: number
          readonly leader: number
        }[]
      }[]
      readonly clusterId: string
    }>
    produce(request: {
      readonly acks: -1
      readonly timeout: number
      readonly topicData: readonly OfTopic<{
        readonly partition: number
        readonly firstSequence: number
        readonly messages: readonly { readonly value: Buffer; readonly key: null }[]
      }>[]
    }): Promise<{
      readonly topics: readonly {
        readonly partitions: readonly { readonly baseOffset: string }[]
      }[]
    }>
    fetch(request: {
      readonly replicaId: -1
      readonly isolationLevel: 0
      readonly maxWaitTime: number
      readonly minBytes: number
      readonly maxBytes: number
      readonly topics: readonly OfTopic<{
        readonly partition: number
        readonly currentLeaderEpoch: -1
        readonly fetchOffset: string
        readonly maxBytes: number
      }>[]
    }): Promise<{
      readonly responses: readonly {
        readonly topicName: string
        readonly partitions: readonly FetchedPartition[]
      }[]
    }>
    listOffsets(request: {
      readonly replicaId: -1
      readonly isolationLevel: 0
      readonly topics: readonly OfTopic<{
        readonly partition: number
        readonly timestamp: number
      }>[]
    }): Promise<{
      readonly responses: readonly { readonly partitions: readonly { readonly offset: string }[] }[]
    }>
    deleteRecords(request: {
      readonly topics: readonly OfTopic<{
        readonly partition: number
        readonly offset: string
      }>[]
    }): Promise<unknown>
    createTopics(request: {
      readonly timeout: number
      readonly topics: readonly {
        readonly topic: string
        readonly numPartitions: number
        readonly replicationFactor: number
        readonly configEntries: readonly { readonly name: string; readonly value: string }[]
      }[]
    }): Promise<unknown>
    deleteTopics(request: {
      readonly topics: readonly string[]
      readonly timeout: number
    }): Promise<unknown>
    describeConfigs(request: {
      readonly resources: readonly {
        readonly type: number
        readonly name: string
        readonly configNames: readonly string[]
      }[]
    }): Promise<{
      readonly resources: readonly {
        readonly configEntries: readonly {
          readonly configName: string
          readonly configValue: string | null
        }[]
      }[]
    }>
  }
}
