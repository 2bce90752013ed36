import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { beforeEach, expect, test } from 'vitest'
import {
  bucketOf,
  checkJson,
  closeShard,
  countPoints,
  cpuInfo,
  crc32c,
  type EncodeTarget,
  findShard,
  hitId,
  hitScore,
  isJsonPath,
  lockFile,
  makeEncodeTarget,
  openShard,
  type PointShape,
  parsePointIds,
  parseUpsert,
  renderHits,
  renderPoint,
  renderPoints,
  renderScroll,
  type ShardHandle,
  searchShard,
  shardState,
  unlockFile,
  type VectorSlot,
  xxh64
} from '../../../src/engine/index.ts'
import { mergeHits } from '../../../src/query/index.ts'
import { applyFrames, collectionId, schemaFrame, seal } from './frames.ts'

const vectors: readonly VectorSlot[] = [{ slot: 1, name: '', size: 2, distance: 'Dot' }]
const shardOfBucket = Uint16Array.from({ length: 4096 }, (_, bucket) => bucket % 2)
const uuid = '550e8400-e29b-41d4-a716-446655440000'

let keys = 0
let shards: ShardHandle[]
let key: string
let target: EncodeTarget

function shape(payload: PointShape['payload'], vectorsShown: PointShape['vectors']): PointShape {
  return { payload, vectors: vectorsShown, startNs: process.hrtime.bigint() }
}

function resultOf(response: Buffer | null) {
  const body = JSON.parse(String(response))
  expect(body.status).toBe('ok')
  expect(body.time).toBeGreaterThanOrEqual(0)
  return body.result
}

/** Parses a body and applies its records to both shards after their schema. */
async function load(body: unknown) {
  const parsed = parseUpsert(Buffer.from(JSON.stringify(body)), target)
  expect(parsed.verdict).toBe('accepted')
  for (const [i, shard] of shards.entries()) {
    const frames = parsed.records
      .filter((record) => record.shard === i)
      .map((record) => record.frame)
    const all = [schemaFrame(vectors, i), ...frames].map((frame, n) => seal(frame, BigInt(n + 1)))
    const result = await applyFrames(shard, all, 0)
    expect(result.stop).toBeNull()
    expect(result.outcomes.filter((outcome) => outcome.rejection)).toEqual([])
  }
}

beforeEach(() => {
  key = `engine-test-${keys++}`
  shards = [0, 1].map((shard) => openShard(`${key}.${shard}`, collectionId, shard))
  target = makeEncodeTarget({ collectionId, schemaVersion: 1, vectors, shardOfBucket, shards: 2 })
  return () => {
    for (const shard of [0, 1]) closeShard(`${key}.${shard}`)
  }
})

const points = [
  { id: 1, vector: [1, 0], payload: { city: 'Berlin', n: { a: 1, b: 2 } } },
  { id: 2, vector: [2, 0] },
  { id: 3, vector: [3, 0.5], payload: { city: 'Oslo' } },
  { id: 4, payload: { only: true } },
  { id: uuid, vector: [9, 9] }
]

test('parsed records are applied, found, retrieved, scrolled and counted over two shards', async () => {
  await load({ points })
  expect(countPoints(shards)).toBe(5)
  const plan = { slot: 1, query: Float32Array.of(1, 0), k: 3 }
  const hits = await Promise.all(shards.map((shard) => searchShard(shard, plan)))
  const order = mergeHits(hits, 1, 2)
  expect([0, 2].map((at) => hitId(hits[order[at] ?? 0] as never, order[at + 1] ?? 0))).toEqual([
    3n,
    2n
  ])
  const found = resultOf(
    await renderHits(shards, hits, order, shape({ include: ['city'] }, true), 'query')
  )
  expect(found.points).toMatchObject([
    { id: 3, score: 3, payload: { city: 'Oslo' }, vector: [3, 0.5] },
    { id: 2, score: 2, payload: {}, vector: [2, 0] }
  ])
  expect(resultOf(await renderHits(shards, hits, order, shape(false, false), 'search'))[0]).toEqual(
    {
      id: 3,
      version: expect.any(Number),
      score: 3
    }
  )
  const ids = parsePointIds(['4', uuid.toUpperCase(), '77', '1', '4'])
  const shardOf = Uint32Array.from({ length: ids.count }, (_, i) => bucketOf(ids, i) % 2)
  expect(
    resultOf(await renderPoints(shards, ids, shardOf, shape({ exclude: ['n.a'] }, true)))
  ).toEqual([
    { id: 4, payload: { only: true }, vector: {} },
    { id: uuid, payload: {}, vector: [9, 9] },
    { id: 1, payload: { city: 'Berlin', n: { b: 2 } }, vector: [1, 0] }
  ])
  const page = resultOf(await renderScroll(shards, parsePointIds(['2']), 2, shape(false, false)))
  expect(page).toEqual({ points: [{ id: 2 }, { id: 3 }], next_page_offset: 4 })
  const last = resultOf(await renderScroll(shards, parsePointIds(['4']), 9, shape(false, false)))
  expect(last).toEqual({ points: [{ id: 4 }, { id: uuid }], next_page_offset: null })
})

test('a single point is rendered alone, and null when it does not exist', async () => {
  await load({ batch: { ids: [8], vectors: [[1, 2]], payloads: [{ a: 1 }] } })
  const ids = parsePointIds(['8'])
  const shard = shards[bucketOf(ids, 0) % 2] as ShardHandle
  expect(resultOf(renderPoint(shard, ids, shape(true, [''])))).toEqual({
    id: 8,
    payload: { a: 1 },
    vector: [1, 2]
  })
  expect(renderPoint(shard, parsePointIds(['9']), shape(true, true))).toBeNull()
})

test('a worker thread finds the shard that the main thread has opened', async () => {
  await load({ points })
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    const native = require(workerData.path)
    const shards = [0, 1].map((i) => native.findShard(workerData.key + '.' + i))
    parentPort.postMessage(native.count(shards, null))`
  const path = join(process.cwd(), 'build/native/release/millrace.node')
  const worker = new Worker(source, { eval: true, workerData: { path, key } })
  const counted = await new Promise((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  await worker.terminate()
  expect(counted).toBe(5)
  expect(findShard('no such shard')).toBeNull()
})

test('a large search runs on an engine thread and answers the same', async () => {
  const wide: readonly VectorSlot[] = [{ slot: 1, name: '', size: 4096, distance: 'Cosine' }]
  const all = makeEncodeTarget({
    collectionId,
    schemaVersion: 1,
    vectors: wide,
    shardOfBucket: new Uint16Array(4096),
    shards: 1
  })
  const row = (id: number) => Array.from({ length: 4096 }, (_, i) => (i === id ? 5 : 0))
  const body = {
    batch: {
      ids: Array.from({ length: 2100 }, (_, id) => id),
      vectors: Array.from({ length: 2100 }, (_, id) => row(id))
    }
  }
  const { records } = parseUpsert(Buffer.from(JSON.stringify(body)), all)
  const [shard] = shards as [ShardHandle]
  const frames = [schemaFrame(wide, 0), ...records.map((record) => record.frame)]
  await applyFrames(
    shard,
    frames.map((frame, n) => seal(frame, BigInt(n + 1))),
    0
  )
  const found = searchShard(shard, {
    slot: 1,
    query: Float32Array.from(row(700)),
    k: 1,
    exact: true
  })
  expect(found).toBeInstanceOf(Promise)
  const hits = await found
  expect([hitId(hits, 0), hitScore(hits, 0)]).toEqual([700n, 1])
  // So large that idle threads take part: all but one score the same, and their ids decide.
  const plan = { slot: 1, query: Float32Array.from(row(700)), k: 2100 }
  const ranked = await searchShard(shard, plan)
  const others = Array.from({ length: 2100 }, (_, id) => BigInt(id)).filter((id) => id !== 700n)
  expect(Array.from({ length: 2100 }, (_, i) => hitId(ranked, i))).toEqual([
    700n,
    ...others.reverse()
  ])
  const late = searchShard(shard, {
    slot: 1,
    query: Float32Array.from(row(1)),
    k: 1,
    deadlineNs: 1n
  })
  await expect(late).rejects.toMatchObject({ code: 'MILLRACE_DEADLINE_PASSED' })
})

test('a worker thread may end while its records are being applied', async () => {
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    const native = require(workerData.path)
    for (let i = 0; i < 20; i++) {
      const shard = native.openShard(workerData.key + '.ending.' + i, 1n, 0)
      const one = new Uint32Array([1 << 20])
      native.apply(shard, new Uint8Array(1 << 20), new Uint32Array(1), one, new BigUint64Array(1), new Float64Array(1), 1)
    }
    setInterval(() => {}, 1000) // so that it is the termination that ends it
    parentPort.postMessage('applying')`
  const path = join(process.cwd(), 'build/native/release/millrace.node')
  for (let round = 0; round < 5; round++) {
    const worker = new Worker(source, { eval: true, workerData: { path, key: `${key}.${round}` } })
    await new Promise((resolve) => worker.once('message', resolve))
    expect(await worker.terminate()).toBe(1)
  }
})

test('native failures arrive as engine errors', async () => {
  await load({ points })
  const [shard] = shards as [ShardHandle]
  const search =
    (values: Float32Array, slot = 1) =>
    () =>
      searchShard(shard, { slot, query: values, k: 1 })
  expect(search(Float32Array.of(1, 2, 3))).toThrow(
    expect.objectContaining({ code: 'MILLRACE_VECTOR_DIMENSION_MISMATCH' })
  )
  expect(() => renderScroll(shards, null, 1, shape(false, ['other']))).toThrow(
    expect.objectContaining({ code: 'MILLRACE_VECTOR_NAME_UNKNOWN', details: { name: 'other' } })
  )
  expect(() => shardState({} as never)).toThrow(
    expect.objectContaining({ code: 'MILLRACE_ARGUMENT_INVALID' })
  )
  expect(() => parsePointIds(['1', 'x'])).toThrow(
    expect.objectContaining({ code: 'MILLRACE_POINT_ID_INVALID', details: { id: 'x' } })
  )
})

test('a damaged record stops the shard before it and says so', async () => {
  const frame = seal(schemaFrame(vectors, 0), 1n)
  frame[130] = (frame[130] ?? 0) ^ 1
  const result = await applyFrames(shards[0] as ShardHandle, [frame], 0)
  expect(result.outcomes).toEqual([])
  expect(result.stop).toMatchObject({ code: 'MILLRACE_RECORD_CORRUPT' })
  expect(result.state.nextOffset).toBe(0n)
})

test('odd bodies are left to the schema, and faults in JSON have a place', () => {
  const parse = (text: string) => parseUpsert(Buffer.from(text), target).verdict
  expect(parse('{"points":[{"id":1,"vector":[1]}]}')).toBe('irregular')
  expect(parse('['.repeat(100_000))).toBe('irregular')
  expect(checkJson(Buffer.from('{"a":1}'), 128)).toBeNull()
  expect(checkJson(Buffer.from('{"a":}'), 128)).toEqual({
    isTooDeep: false,
    position: 5,
    reason: 'expected value'
  })
  expect(checkJson(Buffer.from('['.repeat(100_000)), 128)?.isTooDeep).toBe(true)
  expect(isJsonPath('a.b[].c')).toBe(true)
  expect(isJsonPath('[0]')).toBe(false)
})

test('a locked file names its holder until it is unlocked', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'millrace-')), 'lock')
  const held = lockFile(path, 'process 1')
  expect(readFileSync(path, 'utf8')).toBe('process 1')
  expect(lockFile(path, 'process 2')).toEqual({ holder: 'process 1' })
  if ('fd' in held) unlockFile(held.fd)
  expect(lockFile(path, 'process 3')).toHaveProperty('fd')
})

test('checksums and hashes give their published values', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32c(Buffer.from('6789'), crc32c(Buffer.from('12345')))).toBe(0xe3069283)
  expect(xxh64(Buffer.alloc(0))).toBe(0xef46db3751d8e999n)
  expect(cpuInfo().engineThreads).toBeGreaterThan(0)
})

test('long responses are rendered on an engine thread and are the same', async () => {
  const many = Array.from({ length: 30_000 }, (_, id) => ({ id, vector: [id, 1] }))
  await load({ points: many })
  const everything = shape(true, true)
  const ids = parsePointIds(many.map(({ id }) => String(id)))
  const shardOf = Uint32Array.from({ length: ids.count }, (_, i) => bucketOf(ids, i) % 2)
  const scrolled = renderScroll(shards, null, 30_000, everything)
  const retrieved = renderPoints(shards, ids, shardOf, everything)
  const plan = { slot: 1, query: Float32Array.of(1, 0), k: 30_000 }
  const hits = await Promise.all(shards.map((shard) => searchShard(shard, plan)))
  const found = renderHits(shards, hits, mergeHits(hits, 0, 30_000), everything, 'search')
  // What JavaScript holds may change as soon as the call is back.
  ids.entries.fill(255)
  for (const { entries } of hits) entries.fill(255)
  for (const response of [scrolled, retrieved, found]) expect(response).toBeInstanceOf(Promise)
  const expected = many.map((point) => ({ ...point, payload: {} }))
  expect(resultOf(await scrolled)).toEqual({ points: expected, next_page_offset: null })
  expect(resultOf(await retrieved)).toEqual(expected)
  expect(resultOf(await found).map((hit: { id: number }) => hit.id)).toEqual(
    many.map(({ id }) => id).reverse()
  )
  const first = renderScroll(shards, null, 3, everything)
  expect(resultOf(first as Buffer).points).toEqual(expected.slice(0, 3))
})

test('bytes may lie in memory that threads share, and a buffer that was given away is empty', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(16), 7)
  shared.set(Buffer.from('123456789'))
  expect(crc32c(shared)).toBe(0xe3069283)
  const given = new Uint8Array(8)
  structuredClone(given.buffer, { transfer: [given.buffer] })
  expect(crc32c(given)).toBe(0)
})
