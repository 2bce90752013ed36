/**
 * Encodes and decodes record frames (layout.ts draws them). The C++ twin is
 * `native/core/include/millrace/record.h`; golden frames in `test/fixtures/frames` are decoded by both.
 */
import { EngineError } from '../../errors/index.ts'
import {
  type Field,
  frameMagic,
  frameVersion,
  headerBytes,
  headerFields,
  optionalSectionBit,
  recordKinds,
  sectionAlignment,
  sectionEntryBytes,
  sectionFields,
  sectionKinds
} from './layout.ts'

/** CRC-32C (Castagnoli) of `bytes`, continuing from `seed`. Injected, so that the native one can be used. */
export type Crc32c = (bytes: Uint8Array, seed?: number) => number

export interface Section {
  readonly kind: number
  readonly encoding: number
  readonly slot: number
  readonly rows: number
  readonly bytes: Uint8Array
}

export interface Frame {
  readonly kind: number
  readonly collectionId: bigint
  readonly schemaVersion: number
  readonly writerEpoch: number
  readonly producerId: bigint
  readonly sequence: bigint
  readonly count: number
  readonly sections: readonly Section[]
}

export type UnsealedFrame = Omit<Frame, 'writerEpoch' | 'producerId' | 'sequence'>

/** The epoch of every writer until a fence raises it. */
export const writerEpochFirst = 1

/** What the write port stamps on a frame before it is appended. */
export interface Seal {
  readonly producerId: bigint
  readonly sequence: bigint
  readonly writerEpoch: number
}

/** @returns a frame complete but for its seal and header CRC */
export function encodeFrame(frame: UnsealedFrame, crc32c: Crc32c): Uint8Array {
  const bodyStart = headerBytes + frame.sections.length * sectionEntryBytes
  let end = bodyStart
  const placed = frame.sections.map((section) => {
    const offset = alignUp(end, sectionAlignment)
    end = offset + section.bytes.byteLength
    return { section, offset }
  })
  const frameBytes = alignUp(end, 8)
  const bytes = new Uint8Array(frameBytes)
  const view = new DataView(bytes.buffer)

  put(view, 0, at.magic, frameMagic)
  put(view, 0, at.version, frameVersion)
  put(view, 0, at.kind, frame.kind)
  put(view, 0, at.collectionId, frame.collectionId)
  put(view, 0, at.schemaVersion, frame.schemaVersion)
  put(view, 0, at.count, frame.count)
  put(view, 0, at.frameBytes, frameBytes)
  put(view, 0, at.sectionCount, frame.sections.length)
  placed.forEach(({ section, offset }, index) => {
    const entry = headerBytes + index * sectionEntryBytes
    put(view, entry, entryAt.kind, section.kind)
    put(view, entry, entryAt.encoding, section.encoding)
    put(view, entry, entryAt.slot, section.slot)
    put(view, entry, entryAt.offset, offset)
    put(view, entry, entryAt.bytes, section.bytes.byteLength)
    put(view, entry, entryAt.rows, section.rows)
    bytes.set(section.bytes, offset)
  })
  put(view, 0, at.bodyCrc, crc32c(bytes.subarray(bodyStart)))
  return bytes
}

/** Stamps producer, sequence and epoch on an encoded frame, in place, and closes it with its header CRC. */
export function sealFrame(bytes: Uint8Array, seal: Seal, crc32c: Crc32c): Uint8Array {
  const view = viewOf(bytes)
  put(view, 0, at.producerId, seal.producerId)
  put(view, 0, at.sequence, seal.sequence)
  put(view, 0, at.writerEpoch, seal.writerEpoch)
  put(view, 0, at.headerCrc, headerCrcOf(bytes, Number(get(view, 0, at.sectionCount)), crc32c))
  return bytes
}

/**
 * Decodes a sealed frame; the sections are views of `bytes`.
 *
 * @throws MILLRACE_RECORD_CORRUPT with the reason, MILLRACE_RECORD_FORMAT_NEWER for a version or a mandatory
 *         section that this build does not know; `offset` only names the record in the error
 */
export function decodeFrame(bytes: Uint8Array, crc32c: Crc32c, offset: bigint | number = 0): Frame {
  const corrupt = (reason: string) => new EngineError('MILLRACE_RECORD_CORRUPT', { offset, reason })
  const newer = (reason: string) =>
    new EngineError('MILLRACE_RECORD_FORMAT_NEWER', { offset, reason })

  if (bytes.byteLength < headerBytes) throw corrupt('shorter than a header')
  const view = viewOf(bytes)
  const number = (field: Field, base = 0) => Number(get(view, base, field))
  if (number(at.magic) !== frameMagic) throw corrupt('no frame starts here')
  if (number(at.version) > frameVersion) throw newer(`frame version ${number(at.version)}`)
  if (number(at.version) !== frameVersion) throw corrupt('unknown frame version')

  const sectionCount = number(at.sectionCount)
  const bodyStart = headerBytes + sectionCount * sectionEntryBytes
  if (number(at.frameBytes) !== bytes.byteLength)
    throw corrupt('its length is not the one it names')
  if (bodyStart > bytes.byteLength) throw corrupt('the section table leaves the frame')
  if (number(at.headerCrc) !== headerCrcOf(bytes, sectionCount, crc32c)) throw corrupt('header CRC')
  if (number(at.bodyCrc) !== crc32c(bytes.subarray(bodyStart))) throw corrupt('body CRC')
  if (!knownRecordKinds.has(number(at.kind))) throw newer(`record kind ${number(at.kind)}`)

  const sections: Section[] = []
  let previousEnd = bodyStart
  for (let index = 0; index < sectionCount; index++) {
    const entry = headerBytes + index * sectionEntryBytes
    const kind = number(entryAt.kind, entry)
    const start = number(entryAt.offset, entry)
    const end = start + number(entryAt.bytes, entry)
    if (start % sectionAlignment !== 0 || start < previousEnd || end > bytes.byteLength) {
      throw corrupt(`section ${index} is misplaced`)
    }
    previousEnd = end
    if (!knownSectionKinds.has(kind)) {
      if ((kind & optionalSectionBit) !== 0) continue
      throw newer(`section kind ${kind}`)
    }
    sections.push({
      kind,
      encoding: number(entryAt.encoding, entry),
      slot: number(entryAt.slot, entry),
      rows: number(entryAt.rows, entry),
      bytes: bytes.subarray(start, end)
    })
  }
  return {
    kind: number(at.kind),
    collectionId: BigInt(get(view, 0, at.collectionId)),
    schemaVersion: number(at.schemaVersion),
    writerEpoch: number(at.writerEpoch),
    producerId: BigInt(get(view, 0, at.producerId)),
    sequence: BigInt(get(view, 0, at.sequence)),
    count: number(at.count),
    sections
  }
}

type FieldMap<Fields extends readonly Field[]> = {
  readonly [Name in Fields[number]['name']]: Field
}

function byName<const Fields extends readonly Field[]>(fields: Fields): FieldMap<Fields> {
  // The entries are exactly the fields' names.
  return Object.fromEntries(fields.map((field) => [field.name, field])) as FieldMap<Fields>
}

const at = byName(headerFields)
const entryAt = byName(sectionFields)
const knownRecordKinds: ReadonlySet<number> = new Set(Object.values(recordKinds))
const knownSectionKinds: ReadonlySet<number> = new Set(Object.values(sectionKinds))

function headerCrcOf(bytes: Uint8Array, sectionCount: number, crc32c: Crc32c): number {
  const head = crc32c(bytes.subarray(0, at.headerCrc.at))
  return crc32c(bytes.subarray(headerBytes, headerBytes + sectionCount * sectionEntryBytes), head)
}

function put(view: DataView, base: number, field: Field, value: number | bigint): void {
  const position = base + field.at
  if (field.type === 'u8') view.setUint8(position, Number(value))
  else if (field.type === 'u16') view.setUint16(position, Number(value), true)
  else if (field.type === 'u32') view.setUint32(position, Number(value), true)
  else view.setBigUint64(position, BigInt(value), true)
}

function get(view: DataView, base: number, field: Field): number | bigint {
  const position = base + field.at
  if (field.type === 'u8') return view.getUint8(position)
  if (field.type === 'u16') return view.getUint16(position, true)
  if (field.type === 'u32') return view.getUint32(position, true)
  return view.getBigUint64(position, true)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment
}
