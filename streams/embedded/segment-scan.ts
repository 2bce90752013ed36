import type { Crc32c } from '../crc32c.ts'
import { type LogFile, readFully } from '../files.ts'
import {
  type BatchHeader,
  batchHeaderBytes,
  batchMagic,
  bodyFault,
  readBatchHeader
} from './batch-format.ts'
import { segmentHeaderBytes } from './segment-format.ts'

const chunkBytes = 4 * 1024 * 1024

/** Walks the batches of a segment from its first, checking each, up to the first that does not hold. */
export async function scanSegment(options: {
  readonly file: LogFile
  readonly segmentId: bigint
  readonly firstOffset: number
  readonly prevBodyCrc: number
  readonly crc32c: Crc32c
  readonly onBatch?: (header: BatchHeader, position: number) => void
}): Promise<ScanResult> {
  const { file, segmentId, crc32c, onBatch } = options
  const bytes = await file.size()
  let position = segmentHeaderBytes
  let offset = options.firstOffset
  let prevBodyCrc = options.prevBodyCrc
  let lastTimeMs = 0
  let firstTimeMs = 0
  let chunk: Uint8Array = new Uint8Array(0)
  let chunkStart = position
  const load = async (needed: number) => {
    chunk = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(chunkBytes, bytes - position)))
    chunkStart = position
    chunk = chunk.subarray(0, await readFully(file, chunk, position))
  }
  let isMarked = false
  const stop = (reason: string): ScanResult => {
    return {
      isMarked,
      position,
      offset,
      prevBodyCrc,
      firstTimeMs,
      lastTimeMs,
      fileBytes: bytes,
      reason
    }
  }
  while (position + batchHeaderBytes <= bytes) {
    if (position - chunkStart + batchHeaderBytes > chunk.byteLength) await load(batchHeaderBytes)
    const header = readBatchHeader(chunk, position - chunkStart, segmentId, crc32c)
    if (header === undefined) return stop('there is no batch of this segment')
    if (header.baseOffset !== offset) return stop('a batch has another offset than expected')
    if (header.prevBodyCrc !== prevBodyCrc) return stop('a batch does not follow the one before it')
    if (header.count === 0) {
      isMarked = header.durableThrough === offset
      return stop('the end of the log is marked')
    }
    if (position + header.length > bytes) return stop('a batch ends behind the file')
    if (position - chunkStart + header.length > chunk.byteLength) await load(header.length)
    const at = position - chunkStart
    const fault = bodyFault(chunk.subarray(at, at + header.length), header, crc32c)
    if (fault !== undefined) return stop(fault)
    onBatch?.(header, position)
    if (firstTimeMs === 0) firstTimeMs = header.appendTimeMs
    lastTimeMs = header.appendTimeMs
    position += header.length
    offset += header.count
    prevBodyCrc = header.bodyCrc
  }
  return stop('the file ends')
}

export interface ScanResult {
  /** A header without records follows and tells that this is the end. */
  readonly isMarked: boolean
  /** Where the last good batch ends, in the file. */
  readonly position: number
  /** The offset behind the last good batch. */
  readonly offset: number
  readonly prevBodyCrc: number
  readonly firstTimeMs: number
  readonly lastTimeMs: number
  readonly fileBytes: number
  /** Why the scan went no further. */
  readonly reason: string
}

/**
 * Looks at what follows the last good batch. A whole header that tells of something durable beyond
 * that place proves that a batch was lost after it had been acknowledged: a crash cannot do that,
 * because a batch is written only after the one before was synced.
 */
export async function inspectTail(options: {
  readonly file: LogFile
  readonly segmentId: bigint
  readonly scan: ScanResult
  readonly crc32c: Crc32c
}): Promise<TailFinding> {
  const { file, segmentId, scan, crc32c } = options
  let isZero = true
  let hasOwnBatch = false
  const overlap = batchHeaderBytes
  for (let start = scan.position; start < scan.fileBytes; start += chunkBytes) {
    const bytes = Buffer.allocUnsafeSlow(Math.min(chunkBytes + overlap, scan.fileBytes - start))
    const length = await readFully(file, bytes, start)
    if (scan.isMarked && start === scan.position) bytes.fill(0, 0, batchHeaderBytes)
    const words = new Uint32Array(bytes.buffer, 0, length >>> 2)
    if (isZero) isZero = bytes.subarray(0, length).every((byte) => byte === 0)
    if (isZero) continue
    for (let word = 0; word < words.length && word * 4 < chunkBytes; word += 2) {
      if (words[word] !== batchMagic) continue
      const header = readBatchHeader(bytes.subarray(0, length), word * 4, segmentId, crc32c)
      if (header === undefined) continue
      hasOwnBatch ||= header.count > 0
      if (header.durableThrough > scan.offset) {
        return { isZero, hasOwnBatch, laterBatch: { position: start + word * 4, header } }
      }
    }
  }
  return { isZero, hasOwnBatch }
}

export interface TailFinding {
  readonly isZero: boolean
  readonly hasOwnBatch: boolean
  readonly laterBatch?: { readonly position: number; readonly header: BatchHeader }
}
