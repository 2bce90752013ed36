import { type PointId, pointIdFromJson } from '../../src/domain/point-id.ts'
import {
  decodeFrame,
  type Frame,
  readIds,
  type Section,
  sealFrame,
  sectionKinds
} from '../../src/domain/record/index.ts'
import { crc32c, type VectorSlot } from '../../src/engine/index.ts'
import { nearestF32 } from './nearest-f32.ts'
import { itemsOf, member, minified, type PlainJson, readPlainly } from './plain-json.ts'

/** What is stored of one point. Vectors by slot, as the bytes of their f32. */
export interface ModelPoint {
  readonly id: PointId
  readonly vectors: Readonly<Record<number, { values: number[]; norm: number | undefined }>>
  readonly payload: string
}

/** A plain reading of an accepted body. */
export function readBody(text: string, slots: readonly VectorSlot[]): ModelPoint[] {
  const body = readPlainly(text)
  const batch = member(body, 'batch')
  if (batch !== undefined) return readBatch(batch, slots)
  return itemsOf(member(body, 'points')).map((point) => {
    const vector = member(point, 'vector') ?? member(point, 'vectors')
    return {
      id: idOf(member(point, 'id')),
      vectors: vectorsOf(slots, (name) => namedIn(vector, name)),
      payload: payloadOf(member(point, 'payload'))
    }
  })
}

function readBatch(batch: PlainJson, slots: readonly VectorSlot[]): ModelPoint[] {
  const vectors = member(batch, 'vectors')
  const payloads = itemsOf(member(batch, 'payloads'))
  return itemsOf(member(batch, 'ids')).map((id, row) => ({
    id: idOf(id),
    vectors: vectorsOf(slots, (name) => itemsOf(namedIn(vectors, name))[row]),
    payload: payloadOf(payloads[row])
  }))
}

/** A list without names is the unnamed vector's. */
function namedIn(vectors: PlainJson | undefined, name: string): PlainJson | undefined {
  return vectors?.kind === 'list' && name === '' ? vectors : member(vectors, name)
}

function idOf(json: PlainJson | undefined): PointId {
  if (json?.kind === 'number') return BigInt(json.text)
  const id = json?.kind === 'string' ? pointIdFromJson(JSON.parse(json.text)) : undefined
  if (id === undefined) throw new Error('an accepted body has a point without an id')
  return id
}

function payloadOf(json: PlainJson | undefined): string {
  return json?.kind === 'object' && json.members.size > 0 ? minified(json) : ''
}

function vectorsOf(
  slots: readonly VectorSlot[],
  find: (name: string) => PlainJson | undefined
): ModelPoint['vectors'] {
  const vectors: Record<number, { values: number[]; norm: number | undefined }> = {}
  for (const { slot, name, distance } of slots) {
    const json = find(name)
    if (json === undefined) continue
    const values = itemsOf(json).map((item) =>
      item.kind === 'number' ? nearestF32(item.text) : Number.NaN
    )
    vectors[slot] = distance === 'Cosine' ? normalized(values) : { values, norm: undefined }
  }
  return vectors
}

/** Division by the f32 length, unless there is none or it is one already. */
function normalized(values: number[]): { values: number[]; norm: number } {
  const square = values.reduce((sum, value) => sum + value * value, 0)
  if (square < 2 ** -23 || Math.abs(square - 1) <= 1e-6) return { values, norm: 1 }
  const length = Math.fround(Math.sqrt(square))
  if (length < Number.POSITIVE_INFINITY)
    return { values: values.map((value) => Math.fround(value / length)), norm: length }
  const exact = Math.sqrt(square)
  return { values: values.map((value) => Math.fround(value / exact)), norm: f32Max }
}

const f32Max = Math.fround(3.4028234663852886e38)

/** The points of a record, by the TypeScript decoder. */
export function readRecord(
  record: { readonly frame: Uint8Array },
  slots: readonly VectorSlot[]
): ModelPoint[] {
  const seal = { producerId: 1n, sequence: 1n, writerEpoch: 1 }
  const frame = decodeFrame(sealFrame(record.frame, seal, crc32c), crc32c)
  const ids = readIds(sectionOf(frame, sectionKinds.ids) ?? missing())
  const payloads = payloadTexts(sectionOf(frame, sectionKinds.payload), ids.length)
  const columns = slots.map((slot) => ({
    slot: slot.slot,
    rows: columnOf(frame, slot, ids.length)
  }))
  return ids.map((id, row) => ({
    id,
    vectors: Object.fromEntries(
      columns.flatMap(({ slot, rows }) => (rows[row] === undefined ? [] : [[slot, rows[row]]]))
    ),
    payload: payloads[row] ?? ''
  }))
}

function missing(): never {
  throw new Error('a record has no ids')
}

function sectionOf(frame: Frame, kind: number, slot = 0): Section | undefined {
  return frame.sections.find((section) => section.kind === kind && section.slot === slot)
}

function payloadTexts(section: Section | undefined, rows: number): string[] {
  if (section === undefined) return []
  const bytes = Buffer.from(section.bytes)
  const textAt = (row: number) => 4 * (rows + 1) + bytes.readUInt32LE(4 * row)
  return Array.from({ length: rows }, (_, row) =>
    bytes.toString('utf8', textAt(row), textAt(row + 1))
  )
}

function columnOf(frame: Frame, { slot, size, distance }: VectorSlot, rows: number) {
  const section = sectionOf(frame, sectionKinds.vectors, slot)
  if (section === undefined) return []
  const values = floats(section)
  const norms = floats(sectionOf(frame, sectionKinds.norms, slot))
  const presence = sectionOf(frame, sectionKinds.presence, slot)?.bytes
  let taken = 0
  return Array.from({ length: rows }, (_, row) => {
    if (presence !== undefined && ((presence[row >> 3] ?? 0) & (1 << (row & 7))) === 0)
      return undefined
    const at = taken++
    return {
      values: values.slice(at * size, (at + 1) * size),
      norm: distance === 'Cosine' ? norms[at] : undefined
    }
  })
}

function floats(section: Section | undefined): number[] {
  const bytes = Buffer.from(section?.bytes ?? [])
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index))
}
