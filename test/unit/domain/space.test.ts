import { expect, test } from 'vitest'
import {
  encodeFrame,
  needsSpace,
  operationsEncodings,
  recordKinds,
  sectionKinds
} from '../../../src/domain/record/index.ts'
import { plainCrc32c } from '../../support/crc32c.ts'

function frameOf(kind: number): Uint8Array {
  const frame = { kind, collectionId: 1n, schemaVersion: 1, count: 0, sections: [] }
  return encodeFrame(frame, plainCrc32c)
}

function batchOf(kinds: readonly number[]): Uint8Array {
  const frames = kinds.map(frameOf)
  const offsets = new Uint32Array(frames.length + 1)
  frames.forEach((frame, i) => {
    offsets[i + 1] = (offsets[i] ?? 0) + frame.byteLength
  })
  const section = {
    kind: sectionKinds.operations,
    encoding: operationsEncodings.frames,
    slot: 0,
    rows: frames.length,
    bytes: new Uint8Array(Buffer.concat([Buffer.from(offsets.buffer), ...frames]))
  }
  const count = frames.length
  const frame = { kind: recordKinds.batch, collectionId: 1n, schemaVersion: 1, count }
  return encodeFrame({ ...frame, sections: [section] }, plainCrc32c)
}

test('a record that only takes away needs no space', () => {
  const { upsert, setPayload, updateVectors, deletePoints, clearPayload, schema } = recordKinds
  const needing = [upsert, setPayload, updateVectors].map((kind) => needsSpace(frameOf(kind)))
  const giving = [deletePoints, clearPayload, schema].map((kind) => needsSpace(frameOf(kind)))
  expect([...needing, ...giving]).toEqual([true, true, true, false, false, false])
})

test('a batch needs space when one of its operations does', () => {
  const { upsert, deletePoints, clearPayload } = recordKinds
  expect(needsSpace(batchOf([deletePoints, clearPayload]))).toBe(false)
  expect(needsSpace(batchOf([deletePoints, upsert]))).toBe(true)
  expect(needsSpace(batchOf([]))).toBe(false)
})
