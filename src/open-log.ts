/** Opens the log that the configuration names, and ties the data folder to it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { metadataTopic } from '../actors/index.ts'
import { type Log, openEmbeddedLog } from '../streams/index.ts'
import type { KafkaLogOptions } from '../streams/kafka/index.ts'
import { readLogName, writeLogName } from './checkpoint/index.ts'
import type { Config } from './config/index.ts'
import type { DataFolder } from './data-folder.ts'
import type { DiskGuard } from './disk-guard.ts'
import { crc32c } from './engine/index.ts'
import { EngineError } from './errors/index.ts'
import type { Logger } from './observability/index.ts'

const embedded = 'embedded'

export interface OpenLog {
  readonly log: Log
  /** What a partition takes on the disk of this node. */
  readonly partitionBytes: (topic: string, partition: number) => number
  /** Bytes of the log that this process keeps in memory. */
  readonly cacheBytes: () => number
  /** Forgets them: reads go to the files. */
  readonly releaseCache: () => void
}

/** @throws MILLRACE_LOG_*, MILLRACE_CONFIG_INVALID, MILLRACE_DATA_OTHER_LOG */
export async function openLog(
  config: Config,
  data: DataFolder,
  logger: Logger,
  disk: DiskGuard
): Promise<OpenLog> {
  if (config['log.driver'] === 'kafka') return openKafka(config, data, logger)
  tieTo(data, embedded)
  const log = await openEmbeddedLog({
    folder: data.logFolder,
    durability: config['log.durability'],
    segmentBytes: config['log.segmentBytes'],
    recordBytesMax: config['limits.recordBytes'],
    queueBytesMax: config['log.queueBytes'],
    tailCacheBytes: config['log.tailCacheBytes'],
    crc32c,
    onEvent: ({ kind, details }) => {
      if (kind === 'append.failed') disk.refresh()
      const isRoutine = kind === 'segment.rolled' || kind === 'segments.trimmed'
      logger[isRoutine ? 'debug' : 'warn']({ event: kind, ...details }, 'log event')
    }
  })
  const partitionBytes = (topic: string, partition: number) =>
    log.stats().find((one) => one.topic === topic && one.partition === partition)?.bytes ?? 0
  return {
    log,
    partitionBytes,
    cacheBytes: () => log.cacheBytes(),
    releaseCache: () => log.releaseCache()
  }
}

async function openKafka(config: Config, data: DataFolder, logger: Logger): Promise<OpenLog> {
  if (config['log.retentionBytes'] > 0) {
    const reason =
      'log.retentionBytes is of the embedded log: one node must not trim what another still needs; set the retention of the topics in Kafka'
    throw new EngineError('MILLRACE_CONFIG_INVALID', { reason })
  }
  const prefix = config['log.kafka.prefix']
  // Loaded here, so that nodes without Kafka do not wait for its client.
  const { openKafkaLog } = await import('../streams/kafka/index.ts')
  const log = await openKafkaLog({
    brokers: config['log.kafka.brokers'].split(','),
    clientId: config['log.kafka.clientId'],
    prefix,
    names: { [metadataTopic]: 'meta' },
    ssl: tlsOf(config),
    sasl: saslOf(config),
    replicationFactor: config['log.kafka.replicationFactor'],
    recordBytesMax: config['limits.recordBytes'],
    queueBytesMax: config['log.queueBytes'],
    segmentBytes: config['log.segmentBytes'],
    requestTimeoutMs: config['log.kafka.requestTimeoutMs'],
    appendTimeoutMs: config['log.kafka.appendTimeoutMs'],
    onEvent: ({ kind, details }) =>
      logger[kind === 'append.retried' ? 'warn' : 'debug']({ event: kind, ...details }, 'log event')
  })
  try {
    tieTo(data, `kafka ${log.clusterId} ${prefix}`)
  } catch (cause) {
    await log.close()
    throw cause
  }
  logger.info({ cluster: log.clusterId, prefix }, 'the log is in Kafka')
  return { log, partitionBytes: () => 0, cacheBytes: () => 0, releaseCache: () => {} }
}

function tlsOf(config: Config): ConnectionOptions | undefined {
  if (!config['log.kafka.tls']) return undefined
  const read = (path: 'log.kafka.tlsCa' | 'log.kafka.tlsCert' | 'log.kafka.tlsKey') => {
    const file = config[path]
    return file === '' ? undefined : readPem(path, file)
  }
  const ca = read('log.kafka.tlsCa')
  const cert = read('log.kafka.tlsCert')
  const key = read('log.kafka.tlsKey')
  return { ...(ca && { ca: [ca] }), ...(cert && { cert }), ...(key && { key }) }
}

function readPem(path: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const reason = `${path}: ${file} cannot be read: ${cause instanceof Error ? cause.message : cause}`
    throw new EngineError('MILLRACE_CONFIG_INVALID', { reason }, { cause })
  }
}

function saslOf(config: Config): KafkaLogOptions['sasl'] {
  const mechanism = config['log.kafka.sasl']
  if (mechanism === 'none') return undefined
  return {
    mechanism: mechanism as 'plain',
    username: config['log.kafka.user'],
    password: config['log.kafka.password']
  }
}

/** @throws MILLRACE_DATA_OTHER_LOG when the folder holds states of another log */
function tieTo(data: DataFolder, log: string): void {
  const found = readLogName(data.path) ?? (isUsed(data) ? embedded : undefined)
  if (found === undefined && log !== embedded) writeLogName(data.path, log)
  if (found !== undefined && found !== log)
    throw new EngineError('MILLRACE_DATA_OTHER_LOG', { folder: data.path, found, wanted: log })
}

/** A folder that names no log has the embedded one. */
function isUsed({ logFolder, shardsFolder }: DataFolder): boolean {
  return [logFolder, shardsFolder].some(
    (folder) => existsSync(folder) && readdirSync(folder).length > 0
  )
}
