import { randomBytes } from 'node:crypto'
import { writeFully } from '../files.ts'
import { LogSegment } from './log-segment.ts'
import type { PartitionState } from './partition-state.ts'
import { encodeSegmentHeader, segmentHeaderBytes } from './segment-format.ts'

/** From this size on a write costs more than the journal entry that zeros ahead of it would save. */
export const largeBatchBytes = 256 * 1024

/** Makes the next log segment of a partition: file, manifest, then use. */
export class SegmentRoller {
  readonly #state: PartitionState
  /**
   * A file that is in place while the manifest could not be written, as far as is known. The manifest
   * may have reached the disk all the same, and then nothing appended to the old segment would be found.
   */
  #next: LogSegment | undefined

  constructor(state: PartitionState) {
    this.#state = state
  }

  /** @returns the active segment with room for `bytes`, a new one when the present one is full */
  async segmentFor(bytes: number): Promise<LogSegment> {
    const { active, context } = this.#state
    if (active && this.#next === undefined) {
      const isEmpty = active.endOffset === active.firstOffset
      if (isEmpty || active.durableBytes + bytes <= context.segmentBytes) {
        if (active.durableBytes > context.segmentBytes / 2 && bytes < largeBatchBytes)
          this.#prepare()
        return active
      }
    }
    await this.#roll(active)
    // The roll has put the new segment last.
    return this.#state.active as LogSegment
  }

  async #roll(active: LogSegment | undefined): Promise<void> {
    const state = this.#state
    if (active && state.syncedEnd < state.end) {
      const file = await active.file()
      await file.syncData().catch((error: unknown) => {
        active.poisoned = error
        throw error
      })
      state.syncedEnd = state.end
    }
    this.#next ??= await this.#create()
    const next = this.#next
    await active?.settled()
    await state.changeSegments(() => ({
      segments: [...state.segments, next],
      start: state.start
    }))
    this.#next = undefined
    const { topic, partition } = state
    const details = { topic, partition, file: next.path, offset: next.firstOffset }
    state.context.onEvent({ kind: 'segment.rolled', details })
  }

  async #create(): Promise<LogSegment> {
    const state = this.#state
    const { files, crc32c, spares, clock } = state.context
    const id = randomBytes(8).readBigUInt64LE()
    const firstOffset = state.end
    const prevBodyCrc = state.lastBodyCrc
    const segment = new LogSegment(state.context, {
      folder: state.folder,
      firstOffset,
      id,
      prevBodyCrc
    })
    // A first segment starts small: most topics of a test or a small collection never fill one.
    const spare = state.segments.length > 0 ? spares.take() : undefined
    const path = spare?.path ?? `${segment.path}.tmp`
    const file = await files.open(path, spare ? 'write' : 'create')
    try {
      const header = encodeSegmentHeader(
        {
          isRecycled: spare?.isRecycled ?? false,
          firstOffset,
          segmentId: id,
          createdMs: clock(),
          prevBodyCrc,
          partition: state.partition,
          topicCrc: crc32c(new TextEncoder().encode(state.topic))
        },
        crc32c
      )
      await writeFully(file, header, 0)
      await file.sync()
      await files.rename(path, segment.path)
      await files.syncFolder(state.folder)
      segment.adopt(file, spare ? await file.size() : segmentHeaderBytes)
      return segment
    } catch (error) {
      await file.close()
      // It may be under either name; the next attempt or the next start cleans up what stays.
      await files.unlink(path).catch(() => {})
      throw error
    }
  }

  #prepare(): void {
    const { spares, onEvent } = this.#state.context
    spares.prepare((error) =>
      onEvent({
        kind: 'background.failed',
        details: { file: 'a spare file', reason: String(error) }
      })
    )
  }

  async close(): Promise<void> {
    await this.#next?.close()
  }
}
