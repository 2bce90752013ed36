/** What the system says of this process. Linux only; elsewhere a fact is missing and its metric left out. */
import { readFileSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'

export interface MemoryFacts {
  readonly activeBytes: number
  readonly allocatedBytes: number
  readonly metadataBytes: number
  readonly residentBytes: number
  readonly retainedBytes: number
}

/**
 * Memory of the whole process, as far as it can be told: the heap of the JavaScript thread that asks, and
 * the native shards.
 *
 * @param shardBytes  what the native shards hold
 */
export function memoryFacts(shardBytes: number): MemoryFacts {
  const heap = getHeapStatistics()
  const { rss, external } = process.memoryUsage()
  return {
    activeBytes: heap.total_physical_size + external + shardBytes,
    allocatedBytes: heap.used_heap_size + external + shardBytes,
    metadataBytes: heap.malloced_memory,
    residentBytes: rss,
    retainedBytes: Math.max(0, heap.total_heap_size - heap.total_physical_size)
  }
}

/** Bytes of files that the process has mapped and that are in memory now. */
export function residentFileBytes(): number | undefined {
  const kib = numberOf(/^RssFile:\s*(\d+) kB/m.exec(readText('/proc/self/status') ?? '')?.[1])
  return kib === undefined ? undefined : kib * 1024
}

export interface ProcessFacts {
  readonly threads: number | undefined
  readonly openMmaps: number | undefined
  readonly mmapsMax: number | undefined
  readonly minorFaults: number | undefined
  readonly majorFaults: number | undefined
}

export function processFacts(): ProcessFacts {
  const status = readText('/proc/self/status')
  // The second field is the program's name in parentheses, and may hold spaces.
  const fields = readText('/proc/self/stat')
    ?.replace(/^.*\) /s, '')
    .split(' ')
  return {
    threads: numberOf(/^Threads:\s*(\d+)/m.exec(status ?? '')?.[1]),
    openMmaps: readText('/proc/self/maps')?.split('\n').length,
    mmapsMax: numberOf(readText('/proc/sys/vm/max_map_count')),
    minorFaults: numberOf(fields?.[7]),
    majorFaults: numberOf(fields?.[9])
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function numberOf(text: string | undefined): number | undefined {
  const value = text === undefined ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : undefined
}
