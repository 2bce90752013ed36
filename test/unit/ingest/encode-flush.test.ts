import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { evenBucketMap } from '../../../src/domain/buckets.ts'
import type { CollectionView } from '../../../src/domain/directory.ts'
import type { PointId } from '../../../src/domain/point-id.ts'
import {
  decodeFrame,
  readIds,
  readOperations,
  readSource,
  recordKinds,
  sealFrame,
  sectionKinds
} from '../../../src/domain/record/index.ts'
import { crc32c } from '../../../src/engine/index.ts'
import {
  encodeFlush,
  type Flush,
  mappingOf,
  type SourceMessage
} from '../../../src/ingest/index.ts'
import { testSeed } from '../../support/seed.ts'

const shards = 3
const view: CollectionView = {
  name: 'c',
  id: 7n,
  generation: 0,
  schemaVersion: 1,
  spec: {
    vectors: [{ slot: 1, name: '', size: 2, distance: 'Dot' }],
    shardNumber: shards
  } as unknown as CollectionView['spec'],
  shardOfBucket: evenBucketMap(shards),
  shards: Array.from({ length: shards }, (_, shard) => ({
    shard,
    key: `k${shard}`,
    status: { kind: 'running' }
  }))
}
const limits = { recordBytes: 64 << 10, jsonDepth: 64 } as Parameters<
  typeof encodeFlush
>[0]['limits']
const map = mappingOf({ format: 'sink', encoding: 'json', mapping: { id: 'id' } }, 64)

function messagesOf(values: readonly (string | { key: string })[]): SourceMessage[] {
  return values.map((value, index) => ({
    offset: BigInt(100 + 2 * index),
    key: typeof value === 'string' ? null : Buffer.from(value.key),
    value: typeof value === 'string' ? Buffer.from(value) : null
  }))
}

function flush(values: readonly (string | { key: string })[], recordBytes = limits.recordBytes) {
  const next = BigInt(100 + 2 * values.length)
  const range = { ingest: 9n, topic: 't', partition: 2, first: 90n, next }
  // What the engine knows of a collection is kept by its spec, limits included.
  const own = { ...view, spec: { ...view.spec } }
  const scope = { view: own, limits: { ...limits, recordBytes } }
  return encodeFlush(scope, map, messagesOf(values), range)
}

/** What a shard does with the records of flushes, by id. */
function applied(flushes: readonly Flush[]): Map<PointId, 'written'> {
  const points = new Map<PointId, 'written'>()
  for (const { records } of flushes)
    for (const { frame } of records) {
      const batch = decode(frame)
      const operations = batch.sections.find(({ kind }) => kind === sectionKinds.operations)
      for (const bytes of operations === undefined ? [] : readOperations(operations)) {
        const operation = decode(bytes)
        const ids = operation.sections.find(({ kind }) => kind === sectionKinds.ids)
        for (const id of ids === undefined ? [] : readIds(ids)) {
          if (operation.kind === recordKinds.upsert) points.set(id, 'written')
          else points.delete(id)
        }
      }
    }
  return points
}

function decode(frame: Uint8Array) {
  const seal = { producerId: 1n, sequence: 1n, writerEpoch: 1 }
  return decodeFrame(sealFrame(frame.slice(), seal, crc32c), crc32c)
}

const point = (id: number | string) => `{"id":${id},"vector":[1,2]}`

describe('a flush', () => {
  test('gives every shard one record with the whole range, also those without a point', () => {
    const [only, ...others] = flush([point(1)])
    expect(others).toEqual([])
    expect(only?.records.map(({ shard }) => shard)).toEqual([0, 1, 2])
    for (const { frame } of only?.records ?? []) {
      const batch = decode(frame)
      expect(batch.kind).toBe(recordKinds.batch)
      expect(readSource(batch)).toEqual({
        ingest: 9n,
        topic: 't',
        partition: 2,
        first: 90n,
        next: 102n
      })
    }
    expect([...applied([only as Flush])]).toEqual([[1n, 'written']])
  })

  test('keeps the order of writes and deletes of a point', () => {
    expect(applied(flush([point(1), { key: '1' }, point(2), { key: '3' }, point(3)]))).toEqual(
      new Map([
        [2n, 'written'],
        [3n, 'written']
      ])
    )
  })

  test('sets poison aside with its reason and applies the rest', () => {
    const values = [
      point(1),
      '{"id":2,"vector":[1]}',
      '{"id":3,"vector":[1,"x"]}',
      '{"id":-1,"vector":[1,2]}',
      '{"vector":[1,2]}',
      '{"id":4,"vector":[1,2],"payload":[]}',
      '{"id":5,"vector":[1,2]},{"id":6,"vector":[1,2]}',
      '{"id":7,"vector":{"other":[1,2]}}',
      '{"id":8,"vector":{"indices":[1],"values":[1]}}',
      '{"id":9,"vector":[]}',
      { key: 'nobody' },
      'no json',
      '',
      '{"id":10,"vector":[1,2],"payload":null}',
      '{"id":11.0,"vector":null}'
    ]
    const [one] = flush(values)
    const reasons = one?.deadLetters.map(({ message, poison }) => [
      Number(message.offset - 100n) / 2,
      poison.reason
    ])
    expect(reasons).toEqual([
      [1, 'DIM_MISMATCH'],
      [2, 'BAD_VECTOR'],
      [3, 'BAD_ID'],
      [4, 'BAD_ID'],
      [5, 'BAD_PAYLOAD'],
      [6, 'BAD_JSON'],
      [7, 'BAD_VECTOR'],
      [8, 'BAD_VECTOR'],
      [9, 'BAD_VECTOR'],
      [10, 'BAD_KEY'],
      [11, 'BAD_JSON'],
      [12, 'BAD_JSON']
    ])
    expect(new Set(applied([one as Flush]).keys())).toEqual(new Set([1n, 10n, 11n]))
    expect([one?.points, one?.deletes]).toEqual([3, 0])
  })

  test('is split where its records would be too large, without a gap', () => {
    const wide = (id: number) =>
      `{"id":${id},"vector":[1,2],"payload":{"x":"${'x'.repeat(9_000)}"}}`
    const values = Array.from({ length: 40 }, (_, id) => wide(id))
    const flushes = flush(values)
    expect(flushes.length).toBeGreaterThan(1)
    let position = 90n
    for (const { range, records } of flushes) {
      expect(range.first).toBe(position)
      position = range.next
      for (const { frame } of records) expect(frame.byteLength).toBeLessThanOrEqual(64 << 10)
    }
    expect(position).toBe(180n)
    expect(applied(flushes).size).toBe(40)
  })

  test('sets a point aside that no record can hold', () => {
    const [one] = flush([`{"id":1,"payload":{"x":"${'x'.repeat(5000)}"}}`, point(2)], 4096)
    expect(one?.deadLetters.map(({ poison }) => poison.reason)).toEqual(['TOO_LARGE'])
  })

  test('of any messages loses none: each is applied or set aside', () => {
    const seed = testSeed('flushes')
    const message = fc.oneof(
      fc.nat(20).map(point),
      fc.nat(20).map((id) => ({ key: String(id) })),
      fc.json(),
      fc.string(),
      fc
        .record({ id: fc.jsonValue(), vector: fc.jsonValue(), payload: fc.jsonValue() })
        .map((value) => JSON.stringify(value))
    )
    fc.assert(
      fc.property(fc.array(message, { maxLength: 30 }), (values) => {
        const flushes = flush(values)
        const total = flushes.reduce(
          (sum, { points, deletes, deadLetters }) => sum + points + deletes + deadLetters.length,
          0
        )
        expect(total).toBe(values.length)
        expect(
          flushes
            .flatMap(({ deadLetters }) => deadLetters)
            .every(({ poison }) => poison.detail !== '')
        ).toBe(true)
      }),
      { seed, numRuns: 300 }
    )
  })
})
