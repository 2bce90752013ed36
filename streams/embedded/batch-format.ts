import type { Crc32c } from '../crc32c.ts'

/*
 * A batch, format version 1. Everything is little-endian; a batch starts at a multiple of 8.
 *
 *    at  bytes  field
 *     0      4  magic "MLB1"
 *     4      4  headerCrc       CRC-32C of bytes 8 to 63
 *     8      4  length          of the whole batch with this header, a multiple of 8
 *    12      4  count           of records
 *    16      8  baseOffset      offset of the first record; the others follow without a gap
 *    24      4  epoch           rises with every opening of the log
 *    28      4  flags           0
 *    32      8  durableThrough  end of what was synced when this batch was formed
 *    40      8  appendTimeMs    milliseconds since 1970, never falling
 *    48      4  bodyCrc         CRC-32C of bytes 64 to length
 *    52      4  prevBodyCrc     bodyCrc of the batch before, 0 for the first of a partition
 *    56      8  segmentId       of the log segment's present life
 *    64         count × { length u32, zero u32, bytes, zeros up to a multiple of 8 }
 */
export const batchMagic = 0x31424c4d
export const batchHeaderBytes = 64
export const recordHeaderBytes = 8

export interface BatchHeader {
  readonly length: number
  readonly count: number
  readonly baseOffset: number
  readonly epoch: number
  readonly durableThrough: number
  readonly appendTimeMs: number
  readonly bodyCrc: number
  readonly prevBodyCrc: number
  readonly segmentId: bigint
}

/** @returns the bytes that a record of `length` bytes takes inside of a batch */
export function storedBytes(length: number): number {
  // Arithmetic instead of bit operations: these turn negative above 2 GiB.
  return recordHeaderBytes + Math.ceil(length / 8) * 8
}

export function writeBatchHeader(batch: Uint8Array, header: BatchHeader, crc32c: Crc32c): void {
  const view = new DataView(batch.buffer, batch.byteOffset, batchHeaderBytes)
  view.setUint32(0, batchMagic, true)
  view.setUint32(8, header.length, true)
  view.setUint32(12, header.count, true)
  setOffset(view, 16, header.baseOffset)
  view.setUint32(24, header.epoch, true)
  view.setUint32(28, 0, true)
  setOffset(view, 32, header.durableThrough)
  setOffset(view, 40, header.appendTimeMs)
  view.setUint32(48, header.bodyCrc, true)
  view.setUint32(52, header.prevBodyCrc, true)
  view.setBigUint64(56, header.segmentId, true)
  view.setUint32(4, crc32c(batch.subarray(8, batchHeaderBytes)), true)
}

/** @returns the header at `at`, or undefined unless it is whole and of this life of the segment */
export function readBatchHeader(
  bytes: Uint8Array,
  at: number,
  segmentId: bigint,
  crc32c: Crc32c
): BatchHeader | undefined {
  if (at + batchHeaderBytes > bytes.byteLength) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, batchHeaderBytes)
  if (view.getUint32(0, true) !== batchMagic) return undefined
  if (view.getBigUint64(56, true) !== segmentId) return undefined
  if (view.getUint32(4, true) !== crc32c(bytes.subarray(at + 8, at + batchHeaderBytes))) {
    return undefined
  }
  const length = view.getUint32(8, true)
  if (length < batchHeaderBytes || length % 8 !== 0) return undefined
  return {
    length,
    count: view.getUint32(12, true),
    baseOffset: getOffset(view, 16),
    epoch: view.getUint32(24, true),
    durableThrough: getOffset(view, 32),
    appendTimeMs: getOffset(view, 40),
    bodyCrc: view.getUint32(48, true),
    prevBodyCrc: view.getUint32(52, true),
    segmentId
  }
}

/** @returns why the body does not hold `header.count` records, or undefined when it does */
export function bodyFault(
  batch: Uint8Array,
  header: BatchHeader,
  crc32c: Crc32c
): string | undefined {
  if (crc32c(batch.subarray(batchHeaderBytes, header.length)) !== header.bodyCrc) {
    return 'the checksum of a batch does not match'
  }
  const view = new DataView(batch.buffer, batch.byteOffset, header.length)
  let at = batchHeaderBytes
  for (let i = 0; i < header.count; i++) {
    if (at + recordHeaderBytes > header.length) return 'a record lies outside of its batch'
    at += storedBytes(view.getUint32(at, true))
  }
  return at === header.length ? undefined : 'the records do not fill their batch'
}

export function setOffset(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true)
  view.setUint32(at + 4, Math.floor(value / 4294967296), true)
}

export function getOffset(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 4294967296
}
