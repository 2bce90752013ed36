import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeFrame,
  encodeFrame,
  idsSection,
  metaSection,
  readIds,
  readMeta,
  recordKinds,
  sealFrame,
  sectionKinds
} from '../../../src/domain/record/index.ts'
import { EngineError } from '../../../src/errors/index.ts'
import { plainCrc32c } from '../../support/crc32c.ts'
import { testSeed } from '../../support/seed.ts'

const seed = testSeed()
const number = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const uuid = fc.uuid()
const ids = fc.array(fc.oneof(number, uuid), { maxLength: 200 })

function frameOf(sections = [metaSection({ a: 1 })]) {
  const bytes = encodeFrame(
    { kind: recordKinds.upsert, collectionId: 7n, schemaVersion: 3, count: 5, sections },
    plainCrc32c
  )
  return sealFrame(bytes, { producerId: 2n ** 63n, sequence: 9n, writerEpoch: 4 }, plainCrc32c)
}

test('a frame comes back as it was encoded and sealed', () => {
  const frame = decodeFrame(frameOf(), plainCrc32c)
  expect(frame).toMatchObject({
    kind: recordKinds.upsert,
    collectionId: 7n,
    schemaVersion: 3,
    count: 5,
    producerId: 2n ** 63n,
    sequence: 9n,
    writerEpoch: 4
  })
  expect(readMeta(frame)).toEqual({ a: 1 })
})

test('every section starts at a multiple of 64', () => {
  const sections = [1, 63, 64, 65].map((length, index) => ({
    kind: sectionKinds.vectors,
    encoding: 0,
    slot: index,
    rows: 1,
    bytes: new Uint8Array(length).fill(index + 1)
  }))
  const bytes = frameOf(sections)
  const frame = decodeFrame(bytes, plainCrc32c)
  for (const [index, section] of frame.sections.entries()) {
    expect((section.bytes.byteOffset - bytes.byteOffset) % 64).toBe(0)
    expect(section.bytes).toEqual(sections[index]?.bytes)
  }
  expect(bytes.byteLength % 8).toBe(0)
})

test('ids of any mix come back in order', () => {
  fc.assert(
    fc.property(ids, (list) => {
      expect(readIds(idsSection(list))).toEqual(list)
    }),
    { seed }
  )
})

test('a frame cut at any byte is refused', () => {
  const bytes = frameOf()
  for (let length = 0; length < bytes.byteLength; length++) {
    expect(() => decodeFrame(bytes.slice(0, length), plainCrc32c)).toThrow(EngineError)
  }
})

test('a flipped bit anywhere is noticed', () => {
  const bytes = frameOf()
  for (let bit = 0; bit < bytes.byteLength * 8; bit++) {
    const damaged = bytes.slice()
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(() => decodeFrame(damaged, plainCrc32c)).toThrow(/MILLRACE|damaged|newer/)
  }
})

test('random bytes are refused and never crash the decoder', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      expect(() => decodeFrame(bytes, plainCrc32c)).toThrow(EngineError)
    }),
    { seed }
  )
})

test('an unknown section is ignored only when it says that it may be', () => {
  const extra = (kind: number) => ({
    kind,
    encoding: 0,
    slot: 0,
    rows: 0,
    bytes: new Uint8Array(3)
  })
  expect(decodeFrame(frameOf([extra(0x8077), metaSection({})]), plainCrc32c).sections).toHaveLength(
    1
  )
  expect(() => decodeFrame(frameOf([extra(0x77)]), plainCrc32c)).toThrow(/newer format/)
})

test('an unknown record kind asks for a newer version', () => {
  const bytes = encodeFrame(
    { kind: 99, collectionId: 0n, schemaVersion: 0, count: 0, sections: [] },
    plainCrc32c
  )
  sealFrame(bytes, { producerId: 1n, sequence: 1n, writerEpoch: 1 }, plainCrc32c)
  expect(() => decodeFrame(bytes, plainCrc32c)).toThrow(/record kind 99.*newer version/)
})
