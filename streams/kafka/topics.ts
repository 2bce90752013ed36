import { EngineError } from '../../src/errors/index.ts'
import type { TopicInfo } from '../log.ts'
import type { KafkaClient } from './client.ts'
import { failureOf } from './failures.ts'

const topicResource = 2
/** A node that holds the log three times loses one broker and goes on. */
const replicasWanted = 3
/** A batch of one record is larger than the record. */
const batchOverheadBytes = 4096
/** Kafka refuses smaller ones, and a segment must hold a whole batch. */
const segmentBytesMin = 1 << 20

/** Creates, checks and deletes topics, named as Kafka knows them. */
export class KafkaTopics {
  readonly #client: KafkaClient

  constructor(client: KafkaClient) {
    this.#client = client
  }

  /**
   * Makes a topic, or checks one that is there.
   *
   * @throws MILLRACE_LOG_TOPIC_MISMATCH, MILLRACE_LOG_TOPIC_UNFIT
   */
  async create(topic: string, partitions: number): Promise<void> {
    const isNew = await this.#tryCreate(topic, partitions)
    this.#client.expect(topic)
    this.#client.forget(topic)
    const existing = await this.#client.partitionCount(topic)
    if (existing !== partitions) {
      throw new EngineError('MILLRACE_LOG_TOPIC_MISMATCH', { topic, wanted: partitions, existing })
    }
    if (!isNew) await this.#checkSettings(topic)
  }

  async delete(topic: string): Promise<void> {
    const { requestTimeoutMs: timeout } = this.#client.settings
    this.#client.forgetForever(topic)
    await this.#client.forCluster(
      topic,
      async (broker) => {
        try {
          await broker.deleteTopics({ topics: [topic], timeout })
        } catch (cause) {
          if (failureOf(cause).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw cause
        }
      },
      true
    )
    // Brokers hear of it one after the other; a topic of the same name may be made next.
    await this.#client.forCluster(topic, async (broker) => {
      const isThere = await broker.metadata([topic]).then(
        () => true,
        (cause: unknown) => {
          if (failureOf(cause).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw cause
          return false
        }
      )
      if (isThere) throw new Error(`${topic} is being deleted`)
    })
    this.#client.forgetForever(topic)
  }

  list(): Promise<readonly TopicInfo[]> {
    return this.#client.forCluster('any topic', async (broker) => {
      const { topicMetadata } = await broker.metadata([])
      return topicMetadata.map(({ topic, partitionMetadata }) => ({
        topic,
        partitions: partitionMetadata.length
      }))
    })
  }

  /** Names the cluster: another one has another log, whatever its topics are called. */
  clusterId(): Promise<string> {
    return this.#client.forCluster('any topic', async (broker) => {
      const { clusterId } = await broker.metadata([])
      return clusterId
    })
  }

  /** @returns false when there is one already */
  #tryCreate(topic: string, numPartitions: number): Promise<boolean> {
    const { replicationFactor: wanted, requestTimeoutMs: timeout } = this.#client.settings
    return this.#client.forCluster(
      topic,
      async (broker, brokers) => {
        const replicationFactor = wanted > 0 ? wanted : Math.min(replicasWanted, brokers)
        const settings = this.#settingsOf(replicationFactor)
        const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
        try {
          const made = { topic, numPartitions, replicationFactor, configEntries }
          await broker.createTopics({ topics: [made], timeout })
          return true
        } catch (cause) {
          if (failureOf(cause).type !== 'TOPIC_ALREADY_EXISTS') throw cause
          return false
        }
      },
      true
    )
  }

  #settingsOf(replicationFactor: number): Record<string, string> {
    const { recordBytesMax, segmentBytes } = this.#client.settings
    return {
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'retention.bytes': '-1',
      'min.insync.replicas': replicationFactor >= 3 ? '2' : '1',
      'unclean.leader.election.enable': 'false',
      'message.timestamp.type': 'LogAppendTime',
      'max.message.bytes': String(recordBytesMax + batchOverheadBytes),
      'compression.type': 'producer',
      'segment.bytes': String(
        Math.max(segmentBytes, segmentBytesMin, recordBytesMax + batchOverheadBytes)
      )
    }
  }

  /** A topic that someone else made may lose records, or give them other times on each read. */
  async #checkSettings(topic: string): Promise<void> {
    const { recordBytesMax } = this.#client.settings
    const configNames = ['cleanup.policy', 'message.timestamp.type', 'max.message.bytes']
    const { resources } = await this.#client.forCluster(topic, (broker) =>
      broker.describeConfigs({ resources: [{ type: topicResource, name: topic, configNames }] })
    )
    const found = new Map(
      resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue])
    )
    const require = (setting: string, wanted: string, isRight: (value: string) => boolean) => {
      const value = found.get(setting) ?? 'unknown'
      if (isRight(value)) return
      throw new EngineError('MILLRACE_LOG_TOPIC_UNFIT', { topic, setting, found: value, wanted })
    }
    require('cleanup.policy', 'delete', (value) => value === 'delete')
    require('message.timestamp.type', 'LogAppendTime', (value) => value === 'LogAppendTime')
    require('max.message.bytes', `${recordBytesMax} (limits.recordBytes) or more`, (value) =>
      Number(value) >= recordBytesMax)
  }
}
