import { EngineError } from '../../src/errors/index.ts'
import type { Crc32c } from '../crc32c.ts'
import { getOffset, setOffset } from './batch-format.ts'

/*
 * The first 64 bytes of a log segment file, format version 1, little-endian.
 *
 *    at  bytes  field
 *     0      4  magic "MLS1"
 *     4      4  headerCrc      CRC-32C of bytes 8 to 63
 *     8      4  formatVersion  1
 *    12      4  flags          bit 0: the file was recycled, old bytes may follow the last batch
 *    16      8  firstOffset    also in the file's name
 *    24      8  segmentId      random; batches of another life of the file carry another one
 *    32      8  createdMs      milliseconds since 1970
 *    40      4  prevBodyCrc    bodyCrc of the batch before this segment
 *    44      4  partition
 *    48      4  topicCrc       CRC-32C of the topic's name: a file copied to a wrong folder is found out
 *    52     12  zeros
 */
export const segmentMagic = 0x31534c4d
export const segmentHeaderBytes = 64
export const formatVersion = 1

export interface SegmentHeader {
  readonly isRecycled: boolean
  readonly firstOffset: number
  readonly segmentId: bigint
  readonly createdMs: number
  readonly prevBodyCrc: number
  readonly partition: number
  readonly topicCrc: number
}

export function encodeSegmentHeader(header: SegmentHeader, crc32c: Crc32c): Uint8Array {
  const bytes = new Uint8Array(segmentHeaderBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, segmentMagic, true)
  view.setUint32(8, formatVersion, true)
  view.setUint32(12, header.isRecycled ? 1 : 0, true)
  setOffset(view, 16, header.firstOffset)
  view.setBigUint64(24, header.segmentId, true)
  setOffset(view, 32, header.createdMs)
  view.setUint32(40, header.prevBodyCrc, true)
  view.setUint32(44, header.partition, true)
  view.setUint32(48, header.topicCrc, true)
  view.setUint32(4, crc32c(bytes.subarray(8)), true)
  return bytes
}

/**
 * @returns undefined when these bytes are no whole segment header
 * @throws MILLRACE_LOG_FORMAT_NEWER
 */
export function decodeSegmentHeader(
  bytes: Uint8Array,
  file: string,
  crc32c: Crc32c
): SegmentHeader | undefined {
  if (bytes.byteLength < segmentHeaderBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, segmentHeaderBytes)
  if (view.getUint32(0, true) !== segmentMagic) return undefined
  if (view.getUint32(4, true) !== crc32c(bytes.subarray(8, segmentHeaderBytes))) return undefined
  const found = view.getUint32(8, true)
  if (found > formatVersion) {
    throw new EngineError('MILLRACE_LOG_FORMAT_NEWER', { file, found, supported: formatVersion })
  }
  return {
    isRecycled: (view.getUint32(12, true) & 1) === 1,
    firstOffset: getOffset(view, 16),
    segmentId: view.getBigUint64(24, true),
    createdMs: getOffset(view, 32),
    prevBodyCrc: view.getUint32(40, true),
    partition: view.getUint32(44, true),
    topicCrc: view.getUint32(48, true)
  }
}

export function segmentFileName(firstOffset: number): string {
  return `${String(firstOffset).padStart(20, '0')}.log`
}

/** @returns the first offset that a file's name tells, or undefined for other files */
export function firstOffsetOfName(name: string): number | undefined {
  const match = /^(\d{20})\.log$/.exec(name)
  return match ? Number(match[1]) : undefined
}
