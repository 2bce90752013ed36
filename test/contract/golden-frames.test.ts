import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  decodeFrame,
  type Frame,
  idEncodings,
  readIds,
  readMeta,
  readOperations,
  readSource,
  recordKinds,
  sealFrame,
  sectionKinds,
  sparseEncodings,
  vectorEncodings
} from '../../src/domain/record/index.ts'
import { plainCrc32c as crc } from '../support/crc32c.ts'

const frames = join(import.meta.dirname, '../fixtures/frames')
const versions = ['v1', 'v1.1', 'v1.2']
const files = versions.flatMap((version) =>
  readdirSync(join(frames, version)).map((file) => `${version}/${file.replace('.frame', '')}`)
)
const uuid = '550e8400-e29b-41d4-a716-446655440000'

function read(name: string): Frame {
  const path = name.includes('/') ? name : `v1/${name}`
  return decodeFrame(new Uint8Array(readFileSync(join(frames, `${path}.frame`))), crc)
}

function sectionOf(frame: Frame, kind: number, slot = 0) {
  const section = frame.sections.find((one) => one.kind === kind && one.slot === slot)
  if (section === undefined) throw new Error(`no section ${kind} of slot ${slot}`)
  return section
}

const floats = (bytes: Uint8Array) => [...new Float32Array(bytes.slice().buffer)]

test.each(files)('%s was written by version 1', (name) => {
  expect(read(name)).toMatchObject({
    collectionId: 7n,
    schemaVersion: 1,
    producerId: 0x1122334455667788n,
    sequence: 42n,
    writerEpoch: 1
  })
})

test('the schema frame holds its map', () => {
  const frame = read('schema')
  expect(frame.kind).toBe(recordKinds.schema)
  expect(readMeta(frame)).toEqual({
    version: 1,
    versionBase: 2 ** 40,
    shard: 3,
    vectors: [
      { slot: 1, name: '', size: 3, distance: 'Cosine' },
      { slot: 2, name: 'text', size: 2, distance: 'Euclid' }
    ]
  })
})

test('the schema frame with sparse vectors holds them apart', () => {
  expect(readMeta(read('v1.1/schema-sparse'))).toEqual({
    version: 1,
    versionBase: 2 ** 40,
    shard: 3,
    vectors: [{ slot: 1, name: '', size: 2, distance: 'Dot' }],
    sparse: [
      { slot: 2, name: 'wörds' },
      { slot: 5, name: 'text' }
    ]
  })
})

test('the schema frame with datatypes tells those that are not float32', () => {
  expect(readMeta(read('v1.2/schema-datatypes'))).toMatchObject({
    vectors: [
      { slot: 1, name: '', size: 2, distance: 'Dot' },
      { slot: 2, name: 'half', size: 3, distance: 'Cosine', datatype: 'float16' },
      { slot: 5, name: 'bytes', size: 4, distance: 'Manhattan', datatype: 'uint8' }
    ]
  })
})

test('the upsert with datatypes holds halves and bytes', () => {
  const frame = read('v1.2/upsert-datatypes')
  const halves = sectionOf(frame, sectionKinds.vectors, 2)
  expect([halves.encoding, halves.rows]).toEqual([vectorEncodings.f16, 2])
  const words = new Uint16Array(halves.bytes.slice().buffer)
  expect([...words]).toEqual([0x3800, 0xb800, 0x39a8, 0x0001, 0x7bff, 0x8000])
  const bytes = sectionOf(frame, sectionKinds.vectors, 5)
  expect([bytes.encoding, bytes.rows]).toEqual([vectorEncodings.u8, 3])
  expect([...bytes.bytes]).toEqual([0, 1, 2, 255, 4, 5, 6, 7, 8, 9, 10, 11])
})

test('the schema frame with multivectors says which they are', () => {
  expect(readMeta(read('v1.2/schema-multi'))).toMatchObject({
    vectors: [
      { slot: 1, name: '', size: 2, distance: 'Dot', multi: true },
      { slot: 2, name: 'half', size: 3, distance: 'Cosine', datatype: 'float16', multi: true },
      { slot: 5, name: 'one', size: 2, distance: 'Dot' }
    ]
  })
})

test('the upsert with multivectors holds the ends of its rows and all vectors', () => {
  const frame = read('v1.2/upsert-multi')
  const words = (bytes: Uint8Array) => [...new Uint32Array(bytes.slice().buffer)]
  const first = sectionOf(frame, sectionKinds.multi, 1)
  expect([first.encoding, first.rows]).toEqual([vectorEncodings.f32, 3])
  expect(words(first.bytes.subarray(0, 16))).toEqual([0, 2, 3, 6])
  expect(floats(first.bytes.subarray(16))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  const second = sectionOf(frame, sectionKinds.multi, 2)
  expect([second.encoding, second.rows]).toEqual([vectorEncodings.f16, 2])
  expect(words(second.bytes.subarray(0, 12))).toEqual([0, 1, 3])
  expect(sectionOf(frame, sectionKinds.presence, 2).bytes[0]).toBe(0b110)
  expect(floats(sectionOf(frame, sectionKinds.norms, 2).bytes)).toEqual([2, 1, 5])
})

test('the sparse upsert holds the ends, the indices and the values of its rows', () => {
  const frame = read('v1.1/upsert-sparse')
  const words = (bytes: Uint8Array) => [...new Uint32Array(bytes.slice().buffer)]
  expect(sectionOf(frame, sectionKinds.presence, 2).bytes[0]).toBe(0b101)
  const first = sectionOf(frame, sectionKinds.sparse, 2)
  expect([first.encoding, first.rows]).toEqual([sparseEncodings.f32, 2])
  expect(words(first.bytes.subarray(0, 24))).toEqual([0, 3, 3, 0, 7, 4294967295])
  expect(floats(first.bytes.subarray(24))).toEqual([1.5, -2, 0.25])
  const second = sectionOf(frame, sectionKinds.sparse, 5)
  expect(words(second.bytes.subarray(0, 32))).toEqual([0, 1, 3, 4, 9, 2, 3, 1])
  expect(floats(second.bytes.subarray(32))).toEqual([1, 2, 0, -4])
})

test('the mixed upsert holds ids, vectors, presence, norms and payload texts', () => {
  const frame = read('upsert-mixed')
  const ids = sectionOf(frame, sectionKinds.ids)
  expect([frame.kind, frame.count, ids.encoding]).toEqual([
    recordKinds.upsert,
    3,
    idEncodings.mixed
  ])
  expect(readIds(ids)).toEqual([1n, uuid, 2n ** 64n - 1n])
  const first = sectionOf(frame, sectionKinds.vectors, 1)
  expect(floats(first.bytes)).toEqual([1, 0, 0, 0.6, 0.8, 0, 0, 0, 1].map(Math.fround))
  expect(floats(sectionOf(frame, sectionKinds.norms, 1).bytes)).toEqual([1, 5, 2])
  expect(sectionOf(frame, sectionKinds.presence, 2).bytes[0]).toBe(0b101)
  expect(floats(sectionOf(frame, sectionKinds.vectors, 2).bytes)).toEqual([1.5, -2, 0.25, 4])
  const { bytes } = sectionOf(frame, sectionKinds.payload)
  const ends = [...new Uint32Array(bytes.slice(0, 16).buffer)]
  const texts = ends
    .slice(1)
    .map((end, row) => Buffer.from(bytes.subarray(16 + (ends[row] ?? 0), 16 + end)).toString())
  expect(texts).toEqual(['{"a":1.0,"ü":"ß"}', '', '{"n":12345678901234567890}'])
})

test('numeric and UUID ids have their own layouts', () => {
  const numeric = sectionOf(read('upsert-numeric'), sectionKinds.ids)
  expect([numeric.encoding, readIds(numeric)]).toEqual([idEncodings.numeric, [10n, 11n]])
  const deleted = sectionOf(read('delete-uuid'), sectionKinds.ids)
  expect([deleted.encoding, readIds(deleted)]).toEqual([idEncodings.uuid, [uuid]])
})

test('the operations hold what their kinds need', () => {
  const filter = {
    must: [{ key: 'a.b[]', match: { any: ['x', 'y'] } }],
    must_not: [
      { has_id: [2n ** 64n - 1n, Uint8Array.from(Buffer.from(uuid.replaceAll('-', ''), 'hex'))] }
    ]
  }
  const metas = {
    'upsert-conditional': { mode: 'insert_only' },
    'delete-by-filter': { filter },
    'update-vectors': { filter: { should: [{ key: 'n', range: { gte: 1.5, lt: 10 } }] } },
    'delete-vectors': { slots: [1, 2] },
    'set-payload': { payload: '{"n":12345678901234567890}', key: 'a."b c"' },
    'overwrite-payload': { payload: '{"ü":null}', filter: {} },
    'delete-payload': { keys: ['a', 'b[].c'] }
  }
  for (const [name, meta] of Object.entries(metas)) expect(readMeta(read(name)), name).toEqual(meta)
  expect(readIds(sectionOf(read('clear-payload'), sectionKinds.ids))).toEqual([5n, uuid])
  expect(floats(sectionOf(read('update-vectors'), sectionKinds.vectors, 2).bytes)).toEqual([
    -1, 0.25
  ])
})

test('the batch of an ingest says which part of which topic it holds', () => {
  const frame = read('batch-source')
  expect([frame.kind, frame.count]).toEqual([recordKinds.batch, 1])
  expect(readSource(frame)).toEqual({
    ingest: 9n,
    topic: 'orders.übung',
    partition: 3,
    first: 2n ** 40n,
    next: 2n ** 40n + 17n
  })
  expect(readSource(read('batch'))).toBeUndefined()
})

test('the batch holds its operations without a seal', () => {
  const frame = read('batch')
  const parts = readOperations(sectionOf(frame, sectionKinds.operations)).map((part) => {
    const sealed = sealFrame(part.slice(), { producerId: 1n, sequence: 1n, writerEpoch: 1 }, crc)
    expect([...part.subarray(20, 40), ...part.subarray(60, 64)]).toEqual(Array(24).fill(0))
    return decodeFrame(sealed, crc).kind
  })
  const { batch, clearPayload, deletePoints, deleteByFilter } = recordKinds
  expect([frame.kind, frame.count]).toEqual([batch, 3])
  expect(parts).toEqual([clearPayload, deletePoints, deleteByFilter])
})
