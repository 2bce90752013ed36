import { pack } from 'msgpackr'
import {
  headerBytes,
  recordKinds,
  sectionEntryBytes,
  sectionKinds
} from '../../../src/domain/record/layout.ts'
import {
  type ApplyResult,
  applyRecords,
  crc32c,
  type ShardHandle,
  type VectorSlot
} from '../../../src/engine/index.ts'

export const collectionId = 5n

/** Stamps a frame as the write port does. */
export function seal(bytes: Uint8Array, sequence: bigint): Buffer {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  frame.writeUInt32LE(1, 20)
  frame.writeBigUInt64LE(9n, 24)
  frame.writeBigUInt64LE(sequence, 32)
  const tableEnd = headerBytes + frame.readUInt32LE(48) * sectionEntryBytes
  const header = crc32c(frame.subarray(0, 60))
  frame.writeUInt32LE(crc32c(frame.subarray(headerBytes, tableEnd), header), 60)
  return frame
}

/** A schema record, which holds just META. */
export function schemaFrame(vectors: readonly VectorSlot[], shard: number): Buffer {
  const meta = pack({ version: 1, versionBase: 0, shard, vectors })
  const frame = Buffer.alloc(Math.ceil((128 + meta.length) / 8) * 8)
  frame.write('MLR1', 0, 'latin1')
  frame.writeUInt16LE(1, 4)
  frame.writeUInt8(recordKinds.schema, 6)
  frame.writeBigUInt64LE(collectionId, 8)
  frame.writeUInt32LE(1, 16)
  frame.writeUInt32LE(frame.length, 44)
  frame.writeUInt32LE(1, 48)
  frame.writeUInt16LE(sectionKinds.meta, headerBytes)
  frame.writeUInt32LE(128, headerBytes + 8)
  frame.writeUInt32LE(meta.length, headerBytes + 12)
  meta.copy(frame, 128)
  frame.writeUInt32LE(crc32c(frame.subarray(headerBytes + sectionEntryBytes)), 56)
  return frame
}

/** Applies frames at offsets from `firstOffset` on. */
export function applyFrames(
  shard: ShardHandle,
  frames: readonly Buffer[],
  firstOffset: number
): Promise<ApplyResult> {
  const positions = new Uint32Array(frames.length)
  let at = 0
  for (const [i, frame] of frames.entries()) {
    positions[i] = at
    at += frame.length
  }
  return applyRecords(shard, {
    bytes: new Uint8Array(Buffer.concat(frames)),
    positions,
    lengths: Uint32Array.from(frames, (frame) => frame.length),
    offsets: BigUint64Array.from(frames, (_, i) => BigInt(firstOffset + i)),
    appendTimesMs: Float64Array.from(frames, () => 1000),
    count: frames.length
  })
}
