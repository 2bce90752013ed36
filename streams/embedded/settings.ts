import type { ErrorDetails } from '../../src/errors/index.ts'
import type { Crc32c } from '../crc32c.ts'
import type { FileLayer } from '../files.ts'
import type { DiskRun } from './disk-run.ts'
import type { KeptRuns } from './kept-runs.ts'
import type { OpenFiles } from './open-files.ts'
import type { SparePool } from './spare-pool.ts'
import type { TailCache } from './tail-cache.ts'

export interface EmbeddedLogOptions {
  /** Made when it does not exist. The caller sees to it that one process uses it at a time. */
  readonly folder: string
  /** `fsync`: acknowledged means on disk; `os`: in the page cache, so that a power loss may take the tail. Default fsync. */
  readonly durability?: 'fsync' | 'os'
  /** Size at which a log segment is closed. Default 64 MiB. */
  readonly segmentBytes?: number
  /** Default 8 MiB. */
  readonly recordBytesMax?: number
  /** A write takes what is queued up to this size, or one append that is larger. Default 4 MiB. */
  readonly batchBytesMax?: number
  /** Bytes waiting per partition before appends are refused. Default 64 MiB. */
  readonly queueBytesMax?: number
  /** Memory for the newest batches of all partitions together. Default 32 MiB. */
  readonly tailCacheBytes?: number
  /** Memory for what readers of old batches keep between small reads, of all partitions together. Default 16 MiB. */
  readonly readBytesMax?: number
  /** Files of trimmed segments kept for reuse. Default 4. */
  readonly spareFilesMax?: number
  /** With `fsync`, a partition that is idle for so long marks its end, see docs/reference/log-segments.md. Default 10; Infinity for never. */
  readonly endMarkMs?: number
  /** Files of closed segments kept open for readers, of all partitions together. Default 128. */
  readonly openFilesMax?: number
  readonly files?: FileLayer
  readonly crc32c?: Crc32c
  /** Milliseconds since 1970. */
  readonly clock?: () => number
  readonly onEvent?: (event: LogEvent) => void
}

/** Something an operator may want to know; `kind` is constant, facts are in `details`. */
export interface LogEvent {
  readonly kind:
    | 'tail.cut'
    | 'partition.corrupt'
    | 'partition.readOnly'
    | 'append.failed'
    | 'partition.repaired'
    | 'segment.rolled'
    | 'segments.trimmed'
    | 'background.failed'
  readonly details: ErrorDetails
}

/** What the parts of one open log share. */
export interface LogContext {
  readonly folder: string
  readonly syncs: boolean
  readonly segmentBytes: number
  readonly recordBytesMax: number
  readonly batchBytesMax: number
  readonly queueBytesMax: number
  readonly endMarkMs: number
  readonly files: FileLayer
  readonly crc32c: Crc32c
  readonly clock: () => number
  readonly onEvent: (event: LogEvent) => void
  readonly tailCache: TailCache
  readonly spares: SparePool
  readonly openFiles: OpenFiles
  readonly keptRuns: KeptRuns<DiskRun>
}
