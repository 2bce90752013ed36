import { EngineError } from '../../src/errors/index.ts'
import { isDiskFull } from '../files.ts'
import { Waiters } from '../waiters.ts'
import type { LogSegment } from './log-segment.ts'
import { type ManifestSegment, saveManifest } from './manifest.ts'
import type { LogContext } from './settings.ts'
import type { CachedBatch } from './tail-cache.ts'

/** What the writer, the readers and the retention of one partition share. */
export class PartitionState {
  readonly context: LogContext
  readonly topic: string
  readonly partition: number
  readonly folder: string
  readonly waiters = new Waiters()
  readonly tail: CachedBatch[] = []
  /** in the order of offsets; the last one grows */
  segments: LogSegment[] = []
  epoch = 0
  start = 0
  /** The durable end: readers see nothing at or beyond it. */
  end = 0
  /** What was certainly synced; behind `end` only when durability is `os`. */
  syncedEnd = 0
  lastBodyCrc = 0
  lastTimeMs = 0
  /** Damage that was found at opening: nothing at or beyond `end` is served, nothing is appended. */
  damage: EngineError | undefined
  /** Whether the manifest could not be written at opening, for want of space: it must be before anything is appended. */
  isManifestDue = false
  /** Set when the topic is deleted or the log is closed. */
  gone: EngineError | undefined
  #manifestWrites: Promise<unknown> = Promise.resolve()

  constructor(context: LogContext, topic: string, partition: number) {
    this.context = context
    this.topic = topic
    this.partition = partition
    this.folder = `${context.folder}/${topic}/${partition}`
  }

  get active(): LogSegment | undefined {
    return this.segments.at(-1)
  }

  /** Makes a change of the segments durable before it becomes true in memory; one change at a time. */
  changeSegments(change: () => { readonly segments: LogSegment[]; readonly start: number }) {
    const run = async () => {
      const next = change()
      await saveManifest(
        this.context.files,
        this.folder,
        {
          epoch: this.epoch,
          start: next.start,
          durableThrough: this.syncedEnd,
          segments: next.segments.map((one, i) => manifestEntry(one, i < next.segments.length - 1))
        },
        this.context.crc32c
      )
      for (const segment of next.segments.slice(0, -1)) segment.seal()
      this.segments = next.segments
      this.start = next.start
      this.isManifestDue = false
    }
    const done = this.#manifestWrites.then(run)
    this.#manifestWrites = done.catch(() => {})
    return done
  }

  /** Writes the manifest as things are. */
  refreshManifest(): Promise<void> {
    return this.changeSegments(() => ({ segments: this.segments, start: this.start }))
  }

  /** Tells what a failure of the system means; the log's own errors stay what they are. */
  failure(error: unknown, file = this.active?.path ?? this.folder): EngineError {
    if (error instanceof EngineError) return error
    const reason = error instanceof Error ? error.message : String(error)
    return isDiskFull(error)
      ? new EngineError('MILLRACE_LOG_FULL', { file }, { cause: error })
      : new EngineError('MILLRACE_LOG_FAILED', { file, reason }, { cause: error })
  }

  outOfRange(offset: bigint): EngineError {
    return new EngineError('MILLRACE_LOG_OFFSET_OUT_OF_RANGE', {
      offset,
      topic: this.topic,
      partition: this.partition,
      start: this.start,
      end: this.end
    })
  }
}

/** The last segment may grow even when a roll is under way: only those before it are sealed. */
function manifestEntry(segment: LogSegment, isSealed: boolean): ManifestSegment {
  return {
    first: segment.firstOffset,
    id: segment.id.toString(16).padStart(16, '0'),
    prevBodyCrc: segment.prevBodyCrc,
    ...(isSealed
      ? {
          sealed: {
            end: segment.endOffset,
            bytes: segment.durableBytes,
            firstTimeMs: segment.firstTimeMs,
            lastTimeMs: segment.lastTimeMs
          }
        }
      : {})
  }
}
