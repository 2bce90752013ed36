import { dirname, resolve } from 'node:path'
import { EngineError } from '../../src/errors/index.ts'
import { checkCrc32c, crc32c } from '../crc32c.ts'
import { errnoOf, type FileLayer, isDiskFull, nodeFiles } from '../files.ts'
import type { Log, LogBatch, LogEnds, ReadOptions, TopicInfo, WaitOptions } from '../log.ts'
import { checkTopicName, unknownTopic } from '../offsets.ts'
import { KeptRuns } from './kept-runs.ts'
import { OpenFiles } from './open-files.ts'
import { Partition, type PartitionStats } from './partition.ts'
import type { EmbeddedLogOptions, LogContext } from './settings.ts'
import { SparePool } from './spare-pool.ts'
import { TailCache } from './tail-cache.ts'
import { TopicFolders } from './topic-folders.ts'

export interface EmbeddedLog extends Log {
  /** @returns the figures of every partition */
  stats(): readonly PartitionStats[]
  /** Bytes of the log that are kept in memory. */
  cacheBytes(): number
  /** Forgets them: readers find them in the files. */
  releaseCache(): void
}

const mebibyte = 1024 * 1024

/**
 * Opens the log in a folder: recovers every partition, cuts what a crash left half written.
 *
 * @throws MILLRACE_LOG_FORMAT_NEWER, MILLRACE_LOG_FULL, MILLRACE_LOG_FAILED. A damaged partition does
 *         not stop the opening: its methods reject with MILLRACE_LOG_CORRUPT.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
  const files = options.files ?? nodeFiles
  const sum = options.crc32c ?? crc32c
  checkCrc32c(sum)
  const segmentBytes = Math.ceil((options.segmentBytes ?? 64 * mebibyte) / 8) * 8
  const spares = new SparePool({
    files,
    folder: `${options.folder}/.spare`,
    fileBytes: segmentBytes,
    filesMax: options.spareFilesMax ?? 4
  })
  const context: LogContext = {
    folder: options.folder,
    syncs: (options.durability ?? 'fsync') === 'fsync',
    segmentBytes,
    recordBytesMax: options.recordBytesMax ?? 8 * mebibyte,
    batchBytesMax: options.batchBytesMax ?? 4 * mebibyte,
    queueBytesMax: options.queueBytesMax ?? 64 * mebibyte,
    endMarkMs: options.endMarkMs ?? 10,
    files,
    crc32c: sum,
    clock: options.clock ?? Date.now,
    onEvent: options.onEvent ?? (() => {}),
    tailCache: new TailCache(options.tailCacheBytes ?? 32 * mebibyte),
    spares,
    keptRuns: new KeptRuns(options.readBytesMax ?? 16 * mebibyte),
    openFiles: new OpenFiles(options.openFilesMax ?? 128)
  }
  const folders = new TopicFolders(files, options.folder, spares, sum)
  const topics = new Map<string, readonly Partition[]>()
  try {
    await files.makeFolder(options.folder)
    await syncParents(files, options.folder)
    await spares.open()
    for (const [topic, partitions] of await folders.open()) {
      topics.set(topic, await openPartitions(context, topic, partitions))
    }
  } catch (error) {
    for (const partitions of topics.values()) {
      await Promise.allSettled(partitions.map((one) => one.close(closed())))
    }
    throw failureOf(error, options.folder)
  }
  return new FolderLog(context, folders, topics)
}

class FolderLog implements EmbeddedLog {
  readonly driver = 'embedded'
  readonly #context: LogContext
  readonly #folders: TopicFolders
  readonly #topics: Map<string, readonly Partition[]>
  #changes: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(
    context: LogContext,
    folders: TopicFolders,
    topics: Map<string, readonly Partition[]>
  ) {
    this.#context = context
    this.#folders = folders
    this.#topics = topics
  }

  createTopic(topic: string, options: { readonly partitions: number }): Promise<void> {
    const wanted = options.partitions
    return this.#change(async () => {
      checkTopicName(topic)
      const existing = this.#topics.get(topic)?.length ?? 0
      if (existing === wanted && wanted > 0) return
      if (existing > 0 || !Number.isInteger(wanted) || wanted < 1) {
        throw new EngineError('MILLRACE_LOG_TOPIC_MISMATCH', { topic, wanted, existing })
      }
      const made = await this.#folders.create(topic, wanted)
      if (made !== wanted) {
        throw new EngineError('MILLRACE_LOG_TOPIC_MISMATCH', { topic, wanted, existing: made })
      }
      this.#topics.set(topic, await openPartitions(this.#context, topic, wanted))
    })
  }

  deleteTopic(topic: string): Promise<void> {
    return this.#change(async () => {
      const partitions = this.#topics.get(topic)
      if (partitions === undefined) return
      this.#topics.delete(topic)
      await Promise.all(partitions.map((one, i) => one.abandon(unknownTopic(topic, i))))
      const deleted = await this.#folders.delete(topic).catch(async (error: unknown) => {
        this.#topics.set(topic, await openPartitions(this.#context, topic, partitions.length))
        throw error
      })
      await this.#folders.cleanUp(deleted).catch((error: unknown) => {
        // The topic is gone already; the next start removes what is left of its files.
        const details = { file: deleted, reason: String(error) }
        this.#context.onEvent({ kind: 'background.failed', details })
      })
    })
  }

  async topics(): Promise<readonly TopicInfo[]> {
    this.#refuseWhenClosed()
    return [...this.#topics].map(([topic, { length }]) => ({ topic, partitions: length }))
  }

  append(
    topic: string,
    partition: number,
    records: readonly Uint8Array[]
  ): Promise<BigUint64Array> {
    try {
      return this.#partition(topic, partition).append(records)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async read(
    topic: string,
    partition: number,
    from: bigint,
    options: ReadOptions
  ): Promise<LogBatch> {
    return this.#partition(topic, partition).read(from, options.maxBytes)
  }

  async waitForMore(
    topic: string,
    partition: number,
    from: bigint,
    options?: WaitOptions
  ): Promise<boolean> {
    return this.#partition(topic, partition).waitForMore(from, options)
  }

  async ends(topic: string, partition: number): Promise<LogEnds> {
    return this.#partition(topic, partition).ends()
  }

  async offsetAt(topic: string, partition: number, timeMs: number): Promise<bigint> {
    return this.#partition(topic, partition).offsetAt(timeMs)
  }

  async trimBefore(topic: string, partition: number, offset: bigint): Promise<void> {
    return this.#partition(topic, partition).trimBefore(offset)
  }

  stats(): readonly PartitionStats[] {
    return [...this.#topics.values()].flat().map((partition) => partition.stats())
  }

  cacheBytes(): number {
    return this.#context.tailCache.bytes
  }

  releaseCache(): void {
    this.#context.tailCache.clear()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#changes
    const partitions = [...this.#topics.values()].flat()
    const outcomes = await Promise.allSettled(partitions.map((one) => one.close(closed())))
    await this.#context.spares.close()
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  #partition(topic: string, partition: number): Partition {
    this.#refuseWhenClosed()
    const found = this.#topics.get(topic)?.[partition]
    if (found === undefined) throw unknownTopic(topic, partition)
    return found
  }

  /** Creations and deletions happen one after the other. */
  #change(run: () => Promise<void>): Promise<void> {
    if (this.#isClosed) return Promise.reject(closed())
    const done = this.#changes.then(run).catch((error: unknown) => {
      throw failureOf(error, this.#context.folder)
    })
    this.#changes = done.catch(() => {})
    return done
  }

  #refuseWhenClosed(): void {
    if (this.#isClosed) throw closed()
  }
}

/**
 * Makes the names of the folder and of the one above it durable, or a power loss could take the whole
 * log with them. Further up nothing is ours, and it may be forbidden to look.
 */
async function syncParents(files: FileLayer, folder: string): Promise<void> {
  const parent = dirname(resolve(folder))
  await files.syncFolder(parent)
  await files.syncFolder(dirname(parent)).catch((error: unknown) => {
    const errno = errnoOf(error)
    if (errno !== 'EACCES' && errno !== 'EPERM') throw error
  })
}

function openPartitions(context: LogContext, topic: string, count: number): Promise<Partition[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => Partition.open(context, topic, i)))
}

function closed(): EngineError {
  return new EngineError('MILLRACE_LOG_CLOSED')
}

function failureOf(error: unknown, file: string): EngineError {
  if (error instanceof EngineError) return error
  if (isDiskFull(error)) {
    return new EngineError('MILLRACE_LOG_FULL', { file }, { cause: error })
  }
  const reason = error instanceof Error ? error.message : String(error)
  return new EngineError('MILLRACE_LOG_FAILED', { file, reason }, { cause: error })
}
