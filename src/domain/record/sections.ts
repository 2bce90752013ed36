/** Builds and reads the sections that TypeScript writes: ids and META. Bulk vectors are written natively. */
import { Packr } from 'msgpackr'
import { type PointId, pointIdFromBytes, uuidBytes } from '../point-id.ts'
import type { Frame, Section } from './frame.ts'
import {
  idEncodings,
  metaEncodings,
  operationsEncodings,
  sectionKinds,
  sourceEncodings
} from './layout.ts'

/** Of SOURCE: ingest, first, next, partition, length of the topic's name. */
const sourceHeadBytes = 32

/** Plain MessagePack: any language can read it. @see docs/reference/log-format.md */
const packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  encodeUndefinedAsNil: true,
  mapsAsObjects: true,
  // Missing in the package's types; small integers come back as numbers, large ones as bigints.
  int64AsType: 'auto' as 'number'
})

export type MetaValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly MetaValue[]
  | { readonly [key: string]: MetaValue | undefined }

export function metaSection(value: MetaValue): Section {
  const bytes = Uint8Array.from(packr.pack(value))
  return { kind: sectionKinds.meta, encoding: metaEncodings.messagePack, slot: 0, rows: 0, bytes }
}

/** @returns the META map of a frame, or undefined when it has none */
export function readMeta(frame: Frame): unknown {
  const section = frame.sections.find(({ kind }) => kind === sectionKinds.meta)
  return section === undefined ? undefined : packr.unpack(section.bytes)
}

export function packMeta(value: MetaValue): Uint8Array {
  return Uint8Array.from(packr.pack(value))
}

export function unpackMeta(bytes: Uint8Array): unknown {
  return packr.unpack(bytes)
}

/**
 * The operations of a `batch` record, in the order in which they are applied.
 * @param frames  as `encodeFrame` or the native parser made them: whole, without a seal; none of them a batch
 */
export function operationsSection(frames: readonly Uint8Array[]): Section {
  const tableBytes = 4 * (frames.length + 1)
  const bytes = new Uint8Array(frames.reduce((sum, { byteLength }) => sum + byteLength, tableBytes))
  const view = new DataView(bytes.buffer)
  let end = 0
  frames.forEach((frame, index) => {
    bytes.set(frame, tableBytes + end)
    end += frame.byteLength
    view.setUint32(4 * (index + 1), end, true)
  })
  const { operations: kind } = sectionKinds
  return { kind, encoding: operationsEncodings.frames, slot: 0, rows: frames.length, bytes }
}

/** The part of a partition of a user's topic that a `batch` record takes the place of: `first` up to `next`. */
export interface SourceRange {
  readonly ingest: bigint
  readonly topic: string
  readonly partition: number
  readonly first: bigint
  /** Of an empty range the same as `first`. */
  readonly next: bigint
}

export function sourceSection(range: SourceRange): Section {
  const topic = new TextEncoder().encode(range.topic)
  const bytes = new Uint8Array(sourceHeadBytes + topic.byteLength)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, range.ingest, true)
  view.setBigUint64(8, range.first, true)
  view.setBigUint64(16, range.next, true)
  view.setUint32(24, range.partition, true)
  view.setUint32(28, topic.byteLength, true)
  bytes.set(topic, sourceHeadBytes)
  return { kind: sectionKinds.source, encoding: sourceEncodings.range, slot: 0, rows: 0, bytes }
}

/** @returns where a `batch` record of an ingest comes from, undefined for any other */
export function readSource(frame: Frame): SourceRange | undefined {
  const bytes = frame.sections.find(({ kind }) => kind === sectionKinds.source)?.bytes
  if (bytes === undefined) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    ingest: view.getBigUint64(0, true),
    topic: new TextDecoder().decode(bytes.subarray(sourceHeadBytes)),
    partition: view.getUint32(24, true),
    first: view.getBigUint64(8, true),
    next: view.getBigUint64(16, true)
  }
}

/** @returns the frames of a `batch` record, views of its bytes */
export function readOperations(section: Section): Uint8Array[] {
  const { bytes, rows } = section
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const tableBytes = 4 * (rows + 1)
  const at = (index: number) => tableBytes + view.getUint32(4 * index, true)
  return Array.from({ length: rows }, (_, index) => bytes.subarray(at(index), at(index + 1)))
}

export function idsSection(ids: readonly PointId[]): Section {
  const uuids = ids.reduce((count, id) => count + (typeof id === 'string' ? 1 : 0), 0)
  const encoding =
    uuids === 0 ? idEncodings.numeric : uuids === ids.length ? idEncodings.uuid : idEncodings.mixed
  return {
    kind: sectionKinds.ids,
    encoding,
    slot: 0,
    rows: ids.length,
    bytes: encoding === idEncodings.mixed ? mixedIds(ids) : uniformIds(ids)
  }
}

export function readIds(section: Section): PointId[] {
  const { bytes, rows } = section
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const numberAt = (position: number) => view.getBigUint64(position, true)
  const uuidAt = (position: number) => pointIdFromBytes(bytes.subarray(position, position + 16))
  const rowsOf = <T>(read: (row: number) => T) =>
    Array.from({ length: rows }, (_, row) => read(row))

  if (section.encoding === idEncodings.numeric) return rowsOf((row) => numberAt(row * 8))
  if (section.encoding === idEncodings.uuid) return rowsOf((row) => uuidAt(row * 16))
  const start = bitmapBytes(rows)
  const isUuid = (row: number) => ((bytes[row >> 3] ?? 0) & (1 << (row & 7))) !== 0
  return rowsOf((row) => (isUuid(row) ? uuidAt(start + row * 16) : numberAt(start + row * 16)))
}

function uniformIds(ids: readonly PointId[]): Uint8Array {
  const bytes = new Uint8Array(ids.length * (typeof ids[0] === 'string' ? 16 : 8))
  const view = new DataView(bytes.buffer)
  ids.forEach((id, row) => {
    if (typeof id === 'string') bytes.set(uuidBytes(id), row * 16)
    else view.setBigUint64(row * 8, id, true)
  })
  return bytes
}

function mixedIds(ids: readonly PointId[]): Uint8Array {
  const start = bitmapBytes(ids.length)
  const bytes = new Uint8Array(start + ids.length * 16)
  const view = new DataView(bytes.buffer)
  ids.forEach((id, row) => {
    if (typeof id === 'string') {
      bytes[row >> 3] = (bytes[row >> 3] ?? 0) | (1 << (row & 7))
      bytes.set(uuidBytes(id), start + row * 16)
    } else view.setBigUint64(start + row * 16, id, true)
  })
  return bytes
}

/** Bits for `rows` rows, padded to 8 bytes. */
function bitmapBytes(rows: number): number {
  return Math.ceil(rows / 64) * 8
}
