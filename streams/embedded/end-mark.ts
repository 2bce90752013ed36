import { writeFully } from '../files.ts'
import { batchHeaderBytes, writeBatchHeader } from './batch-format.ts'
import type { PartitionState } from './partition-state.ts'

/**
 * Writes a batch header without records behind the last batch: everything before it was durable when it
 * was written, so that a damaged last batch is not taken for a torn one. It is not synced, because it
 * is there for a process that is killed; the next batch overwrites it.
 */
export async function writeEndMark(state: PartitionState): Promise<void> {
  const segment = state.active
  if (segment === undefined || segment.endOffset === segment.firstOffset) return
  const end = segment.durableBytes + batchHeaderBytes
  if (end > Math.max(segment.allocatedBytes, state.context.segmentBytes)) return
  const mark = new Uint8Array(batchHeaderBytes)
  const header = {
    length: batchHeaderBytes,
    count: 0,
    baseOffset: state.end,
    epoch: state.epoch,
    durableThrough: state.syncedEnd,
    appendTimeMs: state.lastTimeMs,
    bodyCrc: 0,
    prevBodyCrc: state.lastBodyCrc,
    segmentId: segment.id
  }
  writeBatchHeader(mark, header, state.context.crc32c)
  await segment.settled()
  await writeFully(await segment.file(), mark, segment.durableBytes)
}
