import { isEngineError } from '../../src/errors/index.ts'
import { isDiskFull } from '../files.ts'
import { LogSegment } from './log-segment.ts'
import { loadManifest, type ManifestSegment, manifestName } from './manifest.ts'
import type { PartitionState } from './partition-state.ts'
import {
  decodeSegmentHeader,
  firstOffsetOfName,
  segmentFileName,
  segmentHeaderBytes
} from './segment-format.ts'
import { inspectTail, scanSegment } from './segment-scan.ts'

/**
 * Brings a partition up from its folder. Damage does not stop the other partitions: it is kept in
 * `state.damage`.
 *
 * @throws MILLRACE_LOG_FORMAT_NEWER, and failures of the file system
 */
export async function recoverPartition(state: PartitionState): Promise<void> {
  try {
    await recover(state)
  } catch (error) {
    if (!isEngineError(error, 'MILLRACE_LOG_CORRUPT')) throw error
    state.damage = error
    const { topic, partition } = state
    state.context.onEvent({
      kind: 'partition.corrupt',
      details: { topic, partition, reason: error.message }
    })
  }
}

async function recover(state: PartitionState): Promise<void> {
  const { files, crc32c } = state.context
  const manifest = await loadManifest(files, state.folder, crc32c)
  const segments = manifest.segments.map((entry) => segmentOf(state, entry))
  state.segments = segments
  state.epoch = manifest.epoch + 1
  state.start = manifest.start
  state.end = manifest.start
  await checkFolder(state)
  segments.forEach((segment, i) => {
    const before = segments[i - 1]
    if (before && before.endOffset !== segment.firstOffset) {
      throw segment.damaged(0, `the log segment before ends at offset ${before.endOffset}`)
    }
  })
  await recoverActive(state)
  if (state.end < manifest.durableThrough) {
    const position = state.active?.durableBytes ?? 0
    const reason = `records up to offset ${manifest.durableThrough} were durable`
    throw (state.active ?? noSegment(state)).damaged(position, reason, state.end)
  }
  state.syncedEnd = state.end
  // A full disk keeps nobody from reading: the writer makes up for it before its first batch.
  await state.refreshManifest().catch((error: unknown) => {
    if (!isDiskFull(error)) throw error
    state.isManifestDue = true
    const { topic, partition } = state
    const details = { topic, partition, reason: state.failure(error).message }
    state.context.onEvent({ kind: 'partition.readOnly', details })
  })
}

function segmentOf(state: PartitionState, entry: ManifestSegment): LogSegment {
  const segment = new LogSegment(state.context, {
    folder: state.folder,
    firstOffset: entry.first,
    id: BigInt(`0x${entry.id}`),
    prevBodyCrc: entry.prevBodyCrc
  })
  if (entry.sealed) {
    segment.isSealed = true
    segment.endOffset = entry.sealed.end
    segment.durableBytes = entry.sealed.bytes
    segment.firstTimeMs = entry.sealed.firstTimeMs
    segment.lastTimeMs = entry.sealed.lastTimeMs
  }
  return segment
}

/** Every named segment must be there; what no manifest names is left over from a crash and goes. */
async function checkFolder(state: PartitionState): Promise<void> {
  const { files, spares } = state.context
  const names = new Set(await files.list(state.folder))
  for (const segment of state.segments) {
    if (!names.delete(segmentFileName(segment.firstOffset))) {
      throw segment.damaged(0, 'the file is missing')
    }
  }
  names.delete(manifestName)
  // The manifest that drops a file must be durable before the file goes, also when a killed process wrote it.
  if (names.size > 0) await files.syncFolder(state.folder)
  for (const name of names) {
    const path = `${state.folder}/${name}`
    const firstOffset = firstOffsetOfName(name)
    const isTrimmed = firstOffset !== undefined && firstOffset < state.start
    if (firstOffset !== undefined && !isTrimmed) await refuseRecords(state, firstOffset)
    await spares.recycle(path, 0)
  }
}

/**
 * A segment is named by the manifest before it takes records: one that has some and is not named
 * shows that the manifest is older than the log, and nothing may be thrown away.
 */
async function refuseRecords(state: PartitionState, firstOffset: number): Promise<void> {
  const { files, crc32c } = state.context
  const path = `${state.folder}/${segmentFileName(firstOffset)}`
  const file = await files.open(path, 'read')
  try {
    const bytes = new Uint8Array(segmentHeaderBytes)
    await file.read(bytes, 0)
    const header = decodeSegmentHeader(bytes, path, crc32c)
    if (header === undefined) return
    const { segmentId, prevBodyCrc } = header
    const scan = await scanSegment({ file, segmentId, firstOffset, prevBodyCrc, crc32c })
    if (scan.offset === firstOffset) return
    const reason = 'the manifest does not name this log segment, which holds records'
    throw noSegment(state, firstOffset).damaged(segmentHeaderBytes, reason, firstOffset)
  } finally {
    await file.close()
  }
}

async function recoverActive(state: PartitionState): Promise<void> {
  const segment = state.active
  const before = state.segments.at(-2)
  state.lastTimeMs = before?.lastTimeMs ?? 0
  if (segment === undefined) return
  state.end = segment.firstOffset
  state.lastBodyCrc = segment.prevBodyCrc
  const file = await segment.file()
  const { crc32c } = state.context
  const scan = await scanSegment({
    file,
    segmentId: segment.id,
    firstOffset: segment.firstOffset,
    prevBodyCrc: segment.prevBodyCrc,
    crc32c,
    onBatch: (header, position) =>
      segment.index.add(header.baseOffset, position, header.appendTimeMs)
  })
  segment.durableBytes = scan.position
  segment.endOffset = scan.offset
  segment.firstTimeMs = scan.firstTimeMs
  segment.lastTimeMs = scan.lastTimeMs
  state.end = scan.offset
  state.lastBodyCrc = scan.prevBodyCrc
  state.lastTimeMs = Math.max(state.lastTimeMs, scan.lastTimeMs)
  const tail = await inspectTail({ file, segmentId: segment.id, scan, crc32c })
  if (tail.laterBatch) {
    const reason = `${scan.reason}, but the batch at byte ${tail.laterBatch.position} shows that it was durable`
    throw segment.damaged(scan.position, reason, scan.offset)
  }
  if (!tail.isZero) {
    // Cut before anything is appended, or old bytes could reappear behind the new ones.
    await file.truncate(scan.position)
    segment.allocatedBytes = scan.position
    const bytes = scan.fileBytes - scan.position
    const details = { file: segment.path, position: scan.position, offset: scan.offset, bytes }
    state.context.onEvent({ kind: 'tail.cut', details: { ...details, reason: scan.reason } })
  }
  // What an earlier process left in the page cache is served from now on, so it must be durable.
  await file.sync()
}

function noSegment(state: PartitionState, firstOffset = 0): LogSegment {
  const { context, folder } = state
  return new LogSegment(context, { folder, firstOffset, id: 0n, prevBodyCrc: 0 })
}
