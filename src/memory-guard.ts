/** Keeps the memory of the process within its budget: what would take more waits or is refused, before the system ends it. */
import { totalmem } from 'node:os'
import type { Resource } from '../actors/index.ts'
import type { Config } from './config/index.ts'
import type { ShardDirectory } from './domain/directory.ts'
import type { NodeMemory } from './domain/node-port.ts'
import { findShard, releaseMemory, scratchBytes, shardMemory } from './engine/index.ts'
import { EngineError } from './errors/index.ts'
import {
  collectGarbage,
  type Logger,
  type Metrics,
  residentFileBytes
} from './observability/index.ts'

/** Of what the machine or its container has, the share that is used when no budget was set. */
const automaticShare = 0.9
/** Once over the budget, so much of it must be free again before writes go on. */
const marginShare = 0.03
const pollMs = 200
/** What was freed in small pieces stays the process's; it is given back after so many looks that all saw the same. */
const quietLooks = 10
/** Growth since it was given back last that makes it worth while, and change that is none. */
const trimBytesMin = 16 << 20
const noiseBytes = 1 << 20

export interface MemoryGuard extends Resource {
  describe(): Omit<NodeMemory, 'heapBytes' | 'cacheBytes'>
  refreshMetrics(metrics: Metrics): void
  close(): void
}

export interface MemoryGuardOptions {
  readonly config: Config
  readonly logger: Logger
  /** Of the shards whose vectors may still have to get into graphs. */
  readonly directory: () => ShardDirectory
  /** Forgets what is only kept to be read faster. */
  readonly releaseCaches: () => void
  /** Of the process. */
  readonly residentBytes?: () => number
  /** Of that, what the system takes back when it needs room: vectors that lie in files. */
  readonly coldBytes?: () => number
}

export function guardMemory({
  config,
  logger,
  directory,
  releaseCaches,
  residentBytes = process.memoryUsage.rss,
  coldBytes = residentColdBytes
}: MemoryGuardOptions): MemoryGuard {
  const budgetBytes = config['memory.budgetBytes'] || automaticBudget()
  const heldBytes = () => Math.max(0, residentBytes() - coldBytes())
  let resident = heldBytes()
  let coming = 0
  let isLow = false
  let quiet = 0
  let trimmedTo = resident
  const used = () => resident + coming
  const comingBytes = () => comingBytesOf(directory())

  const tidy = () => {
    releaseCaches()
    collectGarbage()
  }

  const trim = () => {
    releaseMemory()
    resident = heldBytes()
    trimmedTo = resident
  }

  const look = () => {
    const before = resident
    resident = heldBytes()
    quiet = Math.abs(resident - before) < noiseBytes ? quiet + 1 : 0
    trimmedTo = Math.min(trimmedTo, resident)
    const isWorthIt = quiet >= quietLooks && resident > trimmedTo + trimBytesMin
    if (isWorthIt) tidy()
    if (isWorthIt || isLow) trim()
    // Far below the budget nobody needs to know, and with many shards it takes its time.
    coming = resident > budgetBytes / 2 ? comingBytes() : 0
    const isOver = used() >= budgetBytes * (isLow ? 1 - marginShare : 1)
    if (isOver === isLow) return
    isLow = isOver
    const facts = { residentBytes: resident, comingBytes: coming, budgetBytes }
    if (isLow) tidy()
    if (isLow) logger.error(facts, 'memory is short: writes are refused')
    else logger.info(facts, 'there is memory again: writes go on')
  }
  look()
  const timer = setInterval(look, pollMs).unref()

  return {
    shortage(bytes) {
      if (!isLow && used() + bytes <= budgetBytes) return undefined
      return new EngineError('MILLRACE_MEMORY_LOW', { usedBytes: used(), budgetBytes })
    },
    describe: () => ({
      residentBytes: residentBytes(),
      residentColdBytes: coldBytes(),
      comingBytes: comingBytes(),
      budgetBytes,
      isLow
    }),
    refreshMetrics({ memoryBudgetBytes, memoryLow }) {
      memoryBudgetBytes.set(budgetBytes)
      memoryLow.set(isLow ? 1 : 0)
    },
    close: () => clearInterval(timer)
  }
}

function comingBytesOf({ collections }: ShardDirectory): number {
  let bytes = 0
  for (const { shards } of collections.values()) {
    for (const { key } of shards) {
      const shard = findShard(key)
      if (shard !== null) bytes += shardMemory(shard).coming
    }
  }
  return bytes
}

/** At most so much of what the process has of files in memory, its own program among them, can be vectors. */
function residentColdBytes(): number {
  const bytes = scratchBytes()
  return bytes === 0 ? 0 : Math.min(bytes, residentFileBytes() ?? 0)
}

function automaticBudget(): number {
  // A container without a limit says 0, or more than there is.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY
  return Math.floor(Math.min(limit, totalmem()) * automaticShare)
}
