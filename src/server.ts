/** Builds a server from its configuration: data folder, log, node, gateway; and takes it down in reverse. */
import { randomBytes, randomUUID } from 'node:crypto'
import {
  type CheckpointSettings,
  NativeShard,
  startNode,
  systemClock,
  WriteGuard
} from '../actors/index.ts'
import { nodeFiles } from '../streams/index.ts'
import { refreshActorMetrics } from './actor-metrics.ts'
import { type Config, type LoadedConfig, packageVersion, withoutSecrets } from './config/index.ts'
import { type DataFolder, openDataFolder } from './data-folder.ts'
import { guardDisk } from './disk-guard.ts'
import { emptyDirectory } from './domain/directory.ts'
import { indexesOf } from './domain/index-settings.ts'
import { cpuInfo, crc32c } from './engine/index.ts'
import { loadGateways, natsSettings, serviceLimits } from './gateway/index.ts'
import { defineIngests, ingestOptions, refreshIngestMetrics } from './ingest-setup.ts'
import { guardMemory } from './memory-guard.ts'
import { createLogger, createMetrics, type Logger } from './observability/index.ts'
import { type OpenLog, openLog } from './open-log.ts'
import {
  refreshGatewayMetrics,
  refreshSearchMetrics,
  refreshShardMetrics
} from './shard-metrics.ts'

export interface Server {
  readonly address: { readonly host: string; readonly port: number }
  /** Rejects when the node cannot go on. */
  readonly failed: Promise<never>
  /** Answers what is under way, refuses the rest, and releases everything, within `server.drainMs`; further calls join the first. */
  stop(reason: string): Promise<void>
}

/** @throws MILLRACE_DATA_*, MILLRACE_LOG_*, MILLRACE_PORT_IN_USE; whatever was opened is closed again */
export async function startServer({ config, sources }: LoadedConfig): Promise<Server> {
  const logger = createLogger(config['logging.level'])
  const opened: (() => Promise<void> | void)[] = []
  const closeAll = async () => {
    const failures: unknown[] = []
    // One that cannot be closed must not keep the others open, the folder's lock least of all.
    for (const close of opened.splice(0).reverse()) {
      try {
        await close()
      } catch (cause) {
        failures.push(cause)
      }
    }
    return failures
  }
  try {
    logger.info(
      { version: packageVersion, node: process.version, pid: process.pid, ...cpuInfo() },
      'millrace is starting'
    )
    logger.info({ config: withoutSecrets(config), changed: changedOf(sources) }, 'configuration')
    const data = openDataFolder(config.data)
    opened.push(() => data.release())
    const metrics = createMetrics(packageVersion)
    const gateways = await loadGateways({
      config,
      logger,
      identity: {
        peerId: data.peerId,
        instanceId: randomUUID(),
        startedMs: Date.now(),
        dataFolder: data.path
      }
    })
    opened.push(() => gateways.drain(0))
    const disk = await guardDisk(data.path, config, logger)
    opened.push(() => disk.close())
    const opening = await openLog(config, data, logger, disk)
    const { log } = opening
    opened.push(() => log.close())
    let directory = () => emptyDirectory
    const memory = guardMemory({
      config,
      logger,
      directory: () => directory(),
      releaseCaches: opening.releaseCache
    })
    opened.push(() => memory.close())
    const writes = new WriteGuard([disk.resource, memory])
    const transfers = await openTransfers(config, data.peerId, logger)
    opened.push(() => transfers?.close())
    const node = await startNode({
      log,
      clock: systemClock,
      logger,
      crc32c,
      producerId: randomBytes(8).readBigUInt64LE(),
      openEngine: (key, collectionId, shard, spec) =>
        new NativeShard(key, collectionId, shard, indexesOf(spec), data.scratchFolder),
      guard: writes,
      memory,
      disk: disk.resource,
      checkpoints: checkpointSettings(config, data, opening),
      limits: {
        collections: config['limits.collections'],
        aliases: config['limits.aliases'],
        metadataBytes: config['limits.metadataBytes'],
        ingests: config['limits.ingests']
      },
      stuckAfterMs: config['actors.stuckAfterMs'],
      transfers,
      ingests: ingestOptions(config, serviceLimits(config), data.peerId, logger),
      onDirectory: () => gateways.directoryChanged()
    })
    opened.push(() => node.stop())
    directory = node.directory
    await defineIngests(config, node, data.peerId, logger)
    const { port } = await gateways.serve({
      ...node,
      memory: () => ({ ...memory.describe(), cacheBytes: opening.cacheBytes() }),
      metricsText() {
        refreshActorMetrics(metrics, node.actors())
        refreshShardMetrics(metrics, node.describe())
        refreshSearchMetrics(metrics, node.directory())
        refreshGatewayMetrics(metrics, gateways.describe())
        refreshIngestMetrics(metrics, node.describeIngests())
        disk.refreshMetrics(metrics)
        memory.refreshMetrics(metrics)
        metrics.refusals.set(writes.refusals)
        return metrics.registry.metrics()
      }
    })
    const address = { host: config['server.host'], port }
    logger.info(
      { ...address, data: data.path, gateways: gateways.describe().length },
      'millrace is serving'
    )
    let stopped: Promise<void> | undefined
    const stop = async (reason: string) => {
      logger.info({ reason }, 'millrace is stopping')
      await gateways.drain(config['server.drainMs'])
      node.drain()
      const failures = await closeAll()
      if (failures.length > 0) throw new AggregateError(failures, 'a part could not be closed')
      logger.info({ reason }, 'millrace has stopped')
    }
    node.failed.catch((cause: unknown) => logger.error({ err: cause }, 'the control plane failed'))
    return {
      address,
      failed: node.failed,
      stop(reason) {
        stopped ??= stop(reason)
        return stopped
      }
    }
  } catch (cause) {
    await closeAll()
    throw cause
  }
}

/** Without NATS there are no other nodes to take states from. */
async function openTransfers(config: Config, peerId: number, logger: Logger) {
  const settings = natsSettings(config)
  if (settings === undefined) return undefined
  // Loaded here, since most servers run without it.
  const { NatsTransfers } = await import('./api/nats/index.ts')
  return new NatsTransfers({ settings, prefix: config['nats.prefix'], peerId, logger })
}

function checkpointSettings(
  config: Config,
  data: DataFolder,
  { partitionBytes }: OpenLog
): CheckpointSettings {
  return {
    files: nodeFiles,
    folder: data.shardsFolder,
    keep: config['checkpoints.keep'],
    everyBytes: config['checkpoints.everyBytes'],
    everyMs: config['checkpoints.everyMs'],
    retentionBytes: config['log.retentionBytes'],
    partitionBytes,
    now: Date.now
  }
}

function changedOf(sources: LoadedConfig['sources']): Record<string, string> {
  return Object.fromEntries(Object.entries(sources).filter(([, source]) => source !== 'default'))
}
