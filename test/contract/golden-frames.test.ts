import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  decodeFrame,
  type Frame,
  idEncodings,
  readIds,
  readMeta,
  recordKinds,
  sectionKinds
} from '../../src/domain/record/index.ts'
import { plainCrc32c } from '../support/crc32c.ts'

const folder = join(import.meta.dirname, '../fixtures/frames/v1')
const uuid = '550e8400-e29b-41d4-a716-446655440000'

function read(name: string): Frame {
  return decodeFrame(new Uint8Array(readFileSync(join(folder, `${name}.frame`))), plainCrc32c)
}

function sectionOf(frame: Frame, kind: number, slot = 0) {
  const section = frame.sections.find((one) => one.kind === kind && one.slot === slot)
  if (section === undefined) throw new Error(`no section ${kind} of slot ${slot}`)
  return section
}

const floats = (bytes: Uint8Array) => [...new Float32Array(bytes.slice().buffer)]

test.each(readdirSync(folder).map((file) => file.replace('.frame', '')))(
  '%s was written by version 1',
  (name) => {
    expect(read(name)).toMatchObject({
      collectionId: 7n,
      schemaVersion: 1,
      producerId: 0x1122334455667788n,
      sequence: 42n,
      writerEpoch: 1
    })
  }
)

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
