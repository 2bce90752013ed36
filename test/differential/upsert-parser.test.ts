import fc from 'fast-check'
import { expect, test } from 'vitest'
import xxhash from 'xxhash-wasm'
import { bucketCount, evenBucketMap } from '../../src/domain/buckets.ts'
import type { CollectionView } from '../../src/domain/directory.ts'
import { type PointId, uuidBytes } from '../../src/domain/point-id.ts'
import type { WriteRecord } from '../../src/domain/ports.ts'
import {
  type EncodeTarget,
  makeEncodeTarget,
  type NativeEncodeTarget,
  parseUpsert,
  type VectorSlot
} from '../../src/engine/index.ts'
import { EngineError } from '../../src/errors/index.ts'
import type { ServiceLimits } from '../../src/service/context.ts'
import { explainUpsert } from '../../src/service/explain-upsert.ts'
import type { OperationScope } from '../../src/service/operation-scope.ts'
import { encodeUpsert } from '../../src/service/operation-upsert.ts'
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

function scopeOf(vectors: readonly VectorSlot[]): OperationScope {
  const view = {
    id: 1n,
    schemaVersion: 1,
    spec: { vectors },
    shardOfBucket,
    shards: Array.from({ length: shards })
  }
  const limits = { jsonDepth, recordBytes: 8 << 20, filterConditions: 10, filterDepth: 3 }
  // Only these of a collection and of the limits are looked at.
  return { view: view as unknown as CollectionView, limits: limits as unknown as ServiceLimits }
}

/** What the service makes of a body: records, or the error that a client is to see. */
function encode(body: Buffer, scope: OperationScope): readonly WriteRecord[] | EngineError {
  try {
    return encodeUpsert(scope, body, '')
  } catch (cause) {
    if (cause instanceof EngineError) return cause
    throw cause
  }
}

/** What the schema path says; an internal error when it finds nothing wrong in the body. */
function explain(body: Buffer, { view, limits }: OperationScope): EngineError {
  return explainUpsert(body, view, limits)
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

function expectSamePoints(
  body: Buffer,
  records: readonly WriteRecord[],
  vectors: readonly VectorSlot[]
) {
  const wanted = readBody(body.toString('utf8'), vectors)
  const found: ModelPoint[][] = Array.from({ length: shards }, () => [])
  for (const record of records) found[record.shard]?.push(...readRecord(record, vectors))
  expect(found).toEqual(byShard(wanted))
}

test('the native parser accepts exactly the bodies in which the schema finds nothing wrong, and reads them alike', () => {
  const seed = testSeed('upsert bodies')
  const scopes = schemas.map(scopeOf)
  let accepted = 0
  const cases = fc.nat({ max: schemas.length - 1 }).chain((index) => {
    return fc.tuple(fc.constant(index), bodiesFor(schemas[index] ?? []))
  })
  fc.assert(
    fc.property(cases, ([index, body]) => {
      const [scope, vectors] = [scopes[index] as OperationScope, schemas[index] ?? []]
      const encoded = encode(body, scope)
      const text = body.toString('utf8')
      if (encoded instanceof EngineError) {
        // An internal error: the parser refused a body in which the schema path finds nothing wrong.
        expect({ isWorded: encoded.code !== 'MILLRACE_INTERNAL', text }).toEqual({
          isWorded: true,
          text
        })
        return
      }
      expect({ code: explain(body, scope).code, text }).toEqual({ code: 'MILLRACE_INTERNAL', text })
      accepted++
      expectSamePoints(body, encoded, vectors)
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
    expectSamePoints(body, records, vectors)
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
  ['{"points":[],"update_filter":[]}', 'update_filter: '],
  ['{"points":[],"update_filter":{"must":[{"key":"a"}]}}', 'At least one field condition'],
  ['{"points":[{"id":1.0}],"update_filter":{}}', 'value 1.0 is not a valid point ID']
])('%s is refused with its reason', (text, reason) => {
  const body = Buffer.from(text)
  expect(parseUpsert(body, targetOf(schemas[0] ?? [])).verdict).toBe('irregular')
  const error = encode(body, scopeOf(schemas[0] ?? []))
  expect(error instanceof EngineError && error.message).toContain(reason)
})
