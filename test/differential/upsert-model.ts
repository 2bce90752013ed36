import { type PointId, pointIdFromJson } from '../../src/domain/point-id.ts'
import {
  decodeFrame,
  type Frame,
  readIds,
  type Section,
  sealFrame,
  sectionKinds,
  vectorEncodings
} from '../../src/domain/record/index.ts'
import { crc32c, type VectorSlot } from '../../src/engine/index.ts'
import { fromHalf, toByte, toHalf } from '../support/halves.ts'
import { nearestF32 } from './nearest-f32.ts'
import { itemsOf, member, minified, type PlainJson, readPlainly } from './plain-json.ts'

/** What is stored of one point. Vectors by slot. */
export interface ModelPoint {
  readonly id: PointId
  readonly vectors: Readonly<Record<number, ModelVector | readonly ModelVector[]>>
  readonly payload: string
}

interface ModelVector {
  readonly values: readonly number[]
  readonly norm: number | undefined
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
  const vectors: Record<number, ModelVector | readonly ModelVector[]> = {}
  for (const slot of slots) {
    const json = find(slot.name)
    if (json === undefined) continue
    const items = itemsOf(json)
    // One vector alone is a multivector of one.
    const rows = items[0]?.kind === 'list' ? items.map(itemsOf) : [items]
    const stored = rows.map((row) => vectorOf(row, slot))
    const [first] = stored
    if (slot.multi) vectors[slot.slot] = stored
    else if (first !== undefined) vectors[slot.slot] = first
  }
  return vectors
}

function vectorOf(items: readonly PlainJson[], slot: VectorSlot): ModelVector {
  const values = items.map((item) => (item.kind === 'number' ? nearestF32(item.text) : Number.NaN))
  const { values: whole, norm } = keepsNorm(slot) ? normalized(values) : { values, norm: undefined }
  if (slot.datatype === 'uint8') return { values: whole.map(toByte), norm }
  return { values: slot.datatype === 'float16' ? whole.map(toHalf) : whole, norm }
}

function keepsNorm({ distance, datatype }: VectorSlot): boolean {
  return distance === 'Cosine' && datatype !== 'uint8'
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

function columnOf(frame: Frame, described: VectorSlot, rows: number) {
  const { slot, size, multi } = described
  const section = sectionOf(frame, multi ? sectionKinds.multi : sectionKinds.vectors, slot)
  if (section === undefined) return []
  const table = multi ? 4 * (section.rows + 1) : 0
  const ends = wordsOf(section.bytes.subarray(0, table))
  const values = elements(section.bytes.subarray(table), section.encoding)
  const norms = floats(sectionOf(frame, sectionKinds.norms, slot))
  const presence = sectionOf(frame, sectionKinds.presence, slot)?.bytes
  let taken = 0
  return Array.from({ length: rows }, (_, row) => {
    if (presence !== undefined && ((presence[row >> 3] ?? 0) & (1 << (row & 7))) === 0)
      return undefined
    const vectorAt = (at: number): ModelVector => ({
      values: values.slice(at * size, (at + 1) * size),
      norm: keepsNorm(described) ? norms[at] : undefined
    })
    const at = taken++
    if (!multi) return vectorAt(at)
    const [begin = 0, end = 0] = ends.slice(at, at + 2)
    return Array.from({ length: end - begin }, (_, index) => vectorAt(begin + index))
  })
}

function wordsOf(bytes: Uint8Array): number[] {
  return [...new Uint32Array(bytes.slice().buffer)]
}

function elements(bytes: Uint8Array, encoding: number): number[] {
  if (encoding === vectorEncodings.u8) return [...bytes]
  const { buffer } = bytes.slice()
  if (encoding === vectorEncodings.f16) return Array.from(new Uint16Array(buffer), fromHalf)
  return [...new Float32Array(buffer)]
}

function floats(section: Section | undefined): number[] {
  const bytes = Buffer.from(section?.bytes ?? [])
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index))
}
