import fc from 'fast-check'
import { expect, test } from 'vitest'
import xxhash from 'xxhash-wasm'
import { bucketCount, evenBucketMap } from '../../src/domain/buckets.ts'
import type { CollectionView } from '../../src/domain/directory.ts'
import { type PointId, uuidBytes } from '../../src/domain/point-id.ts'
import {
  type EncodeTarget,
  makeEncodeTarget,
  type NativeEncodeTarget,
  parseUpsert,
  type VectorSlot
} from '../../src/engine/index.ts'
import type { EngineError } from '../../src/errors/index.ts'
import { explainUpsert } from '../../src/service/explain-upsert.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'
import { bodiesFor, schemas } from './upsert-bodies.ts'
import { type ModelPoint, readBody, readRecord } from './upsert-model.ts'

const jsonDepth = 16
const shards = 3
const shardOfBucket = evenBucketMap(shards)
const { h64Raw } = await xxhash()

function targetOf(
  vectors: readonly VectorSlot[],
  limits: Partial<NativeEncodeTarget> = {}
): EncodeTarget {
  const jsonDepthMax = jsonDepth
  return makeEncodeTarget({
    collectionId: 1n,
    schemaVersion: 1,
    vectors,
    shardOfBucket,
    shards,
    jsonDepthMax,
    ...limits
  })
}

/** What the schema path says. */
function explain(body: Buffer, vectors: readonly VectorSlot[]): EngineError {
  // Only the vectors of the view and the depth of the limits are looked at.
  const view = { spec: { vectors } } as unknown as CollectionView
  const limits = {
    jsonDepth,
    recordBytes: 1,
    shards: 1,
    resultPoints: 1,
    requestTimeoutMs: 1,
    replayWaitMs: 1
  }
  return explainUpsert(body, view, limits)
}

/** Whether it finds nothing wrong in the body. */
function isRight(body: Buffer, vectors: readonly VectorSlot[]): boolean {
  return explain(body, vectors).code === 'MILLRACE_INTERNAL'
}

function shardOf(id: PointId): number {
  const bytes = new Uint8Array(8)
  if (typeof id === 'bigint') new DataView(bytes.buffer).setBigUint64(0, id, true)
  const bucket = h64Raw(typeof id === 'bigint' ? bytes : uuidBytes(id)) & BigInt(bucketCount - 1)
  return shardOfBucket[Number(bucket)] ?? 0
}

/** Points by shard, in request order within each. */
function byShard(points: readonly ModelPoint[]): ModelPoint[][] {
  return Array.from({ length: shards }, (_, shard) =>
    points.filter(({ id }) => shardOf(id) === shard)
  )
}

function expectSamePoints(body: Buffer, target: EncodeTarget, vectors: readonly VectorSlot[]) {
  const { points, records } = parseUpsert(body, target)
  const wanted = readBody(body.toString('utf8'), vectors)
  expect(points).toBe(wanted.length)
  const found: ModelPoint[][] = Array.from({ length: shards }, () => [])
  for (const record of records) {
    const read = readRecord(record, vectors)
    expect(record.points).toBe(read.length)
    found[record.shard]?.push(...read)
  }
  expect(found).toEqual(byShard(wanted))
}

test('the native parser accepts exactly the bodies in which the schema finds nothing wrong, and reads them alike', () => {
  const seed = testSeed('upsert bodies')
  const targets = schemas.map((vectors) => targetOf(vectors))
  let accepted = 0
  const cases = fc.nat({ max: schemas.length - 1 }).chain((index) => {
    return fc.tuple(fc.constant(index), bodiesFor(schemas[index] ?? []))
  })
  fc.assert(
    fc.property(cases, ([index, body]) => {
      const [target, vectors] = [targets[index] as EncodeTarget, schemas[index] ?? []]
      const { verdict } = parseUpsert(body, target)
      expect({ isAccepted: verdict === 'accepted', body: body.toString('utf8') }).toEqual({
        isAccepted: isRight(body, vectors),
        body: body.toString('utf8')
      })
      if (verdict !== 'accepted') return
      accepted++
      expectSamePoints(body, target, vectors)
    }),
    { seed, numRuns: Number(process.env['RUNS'] ?? 4000) }
  )
  // Else the generator has become too wild to say anything about right bodies.
  expect(accepted).toBeGreaterThan(400)
})

test('a large body is split over records near the target, and a point over the limit is refused', () => {
  const seed = testSeed('large upserts')
  const vectors: readonly VectorSlot[] = [{ slot: 1, name: '', size: 64, distance: 'Cosine' }]
  const random = new Random(seed)
  const [recordBytesTarget, recordBytesMax] = [512 << 10, 1 << 20]
  const target = targetOf(vectors, { recordBytesTarget, recordBytesMax })
  for (let round = 0; round < 8; round++) {
    // Few ids for many points: the same ones come again, within a record and across them.
    const points = Array.from({ length: 4000 }, () => ({
      id: random.chance(0.5) ? random.below(3000) : randomUuid(random),
      ...(random.chance(0.8) && { vector: Array.from({ length: 64 }, () => random.next() - 0.5) }),
      ...(random.chance(0.3) && { payload: { text: 'x'.repeat(random.below(3000)) } })
    }))
    points.push({ id: 1, payload: { text: 'y'.repeat(random.below(1_040_000)) } })
    const body = Buffer.from(JSON.stringify({ points }))
    const { verdict, records } = parseUpsert(body, target)
    expect(verdict).toBe('accepted')
    for (const { frame, points: rows } of records) {
      expect(frame.length).toBeLessThanOrEqual(rows === 1 ? recordBytesMax : recordBytesTarget)
    }
    expect(records.length).toBeGreaterThan(shards)
    expectSamePoints(body, target, vectors)
  }
  for (const bytes of [1_047_000, 1_049_000, 3_000_000]) {
    const body = Buffer.from(
      JSON.stringify({ points: [{ id: 1, payload: { a: 'z'.repeat(bytes) } }] })
    )
    const parsed = parseUpsert(body, target)
    expect(parsed.verdict).toBe(bytes < recordBytesMax ? 'accepted' : 'tooLarge')
    if (parsed.verdict === 'tooLarge') expect(parsed.recordBytes).toBeGreaterThan(bytes)
    else expect(parsed.records[0]?.frame.length).toBeLessThanOrEqual(recordBytesMax)
  }
})

function randomUuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => random.below(16).toString(16)).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

test.each([
  ['{"points":[{"id":1.0}]}', 'value 1.0 is not a valid point ID'],
  ['{"points":[{"id":-0}]}', 'value -0 is not a valid point ID'],
  ['{"points":[{"id":1,"id":2}]}', 'duplicate field `id`'],
  ['{"points":[{"id":1,"vector":[1,2],"vectors":null}]}', 'duplicate field `vector`'],
  ['{"batch":{"ids":[1e0],"vectors":{}}}', 'value 1e0 is not a valid point ID'],
  ['{"batch":{"vectors":[[1,2]]}}', 'batch: missing field `ids`'],
  [
    '{"points":[{"id":1234567890123456789,"payload":{"a":1,"a":2}}],"points":[]}',
    'duplicate field `points`'
  ],
  ['{"points":[],"update_mode":""}', 'update_mode: '],
  ['{"points":[],"update_filter":{}}', 'update_filter']
])('%s is refused with its reason', (text, reason) => {
  const body = Buffer.from(text)
  expect(parseUpsert(body, targetOf(schemas[0] ?? [])).verdict).toBe('irregular')
  expect(explain(body, schemas[0] ?? []).message).toContain(reason)
})
