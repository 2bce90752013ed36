import { afterAll, expect, test } from 'vitest'
import { packMeta } from '../../../src/domain/record/index.ts'
import {
  closeShard,
  countPoints,
  hitCount,
  makeEncodeTarget,
  openShard,
  parseUpsert,
  renderScroll,
  type ShardHandle,
  searchShard,
  type VectorSlot
} from '../../../src/engine/index.ts'
import { applyFrames, collectionId, schemaFrame, seal } from './frames.ts'

const key = 'filters.0'
const vectors: readonly VectorSlot[] = [{ slot: 1, name: '', size: 1, distance: 'Dot' }]
const shape = { payload: false, vectors: false, startNs: 0n }
const third = packMeta({ must: [{ key: 'n', match: { value: 1 } }] })

/** @returns a shard with points 0 … count - 1 whose payload says `n`: the id modulo 3 */
async function filled(count: number): Promise<ShardHandle> {
  closeShard(key)
  const shard = openShard(key, collectionId, 0)
  const target = makeEncodeTarget({
    collectionId,
    schemaVersion: 1,
    vectors,
    shardOfBucket: new Uint16Array(4096),
    shards: 1
  })
  const points = Array.from({ length: count }, (_, id) => ({
    id,
    vector: [id],
    payload: { n: id % 3 }
  }))
  const { records } = parseUpsert(Buffer.from(JSON.stringify({ points })), target)
  const frames = [schemaFrame(vectors, 0), ...records.map(({ frame }) => frame)]
  await applyFrames(
    shard,
    frames.map((frame, i) => seal(frame, BigInt(i + 1))),
    0
  )
  return shard
}

afterAll(() => {
  closeShard(key)
})

test('a filter over few rows is evaluated inside the call', async () => {
  const shard = await filled(300)
  expect(countPoints([shard], third)).toBe(100)
  const plan = { slot: 1, query: Float32Array.of(1), k: 1000, filter: third }
  const hits = searchShard(shard, plan)
  if (hits instanceof Promise) throw new Error('a short search left the thread')
  expect(hitCount(hits)).toBe(100)
  const page = renderScroll([shard], null, 2, shape, third)
  expect(JSON.parse(String(page)).result).toEqual({
    points: [{ id: 1 }, { id: 4 }],
    next_page_offset: 7
  })
})

test('a filter over many rows is evaluated on an engine thread, whatever asks for it', async () => {
  const shard = await filled(30_000)
  const counted = countPoints([shard], third)
  const found = searchShard(shard, { slot: 1, query: Float32Array.of(1), k: 5, filter: third })
  const scrolled = renderScroll([shard], null, 2, shape, third)
  for (const answer of [counted, found, scrolled]) expect(answer).toBeInstanceOf(Promise)
  expect(await counted).toBe(10_000)
  expect(hitCount(await found)).toBe(5)
  expect(JSON.parse(String(await scrolled)).result.next_page_offset).toBe(7)
  // Named ids are looked up, however large the shard is.
  expect(countPoints([shard], packMeta({ must: [{ has_id: [4n, 5n, 2n ** 60n] }] }))).toBe(2)
  expect(countPoints([shard], null)).toBe(30_000)
})

test('what is no filter is an argument error', async () => {
  const shard = await filled(3)
  for (const bad of [packMeta({ and: [] }), packMeta([]), new Uint8Array(0)]) {
    const expected = expect.objectContaining({ code: 'MILLRACE_ARGUMENT_INVALID' })
    expect(() => countPoints([shard], bad)).toThrow(expected)
    expect(() => renderScroll([shard], null, 2, shape, bad)).toThrow(expected)
    const plan = { slot: 1, query: Float32Array.of(1), k: 1, filter: bad }
    expect(() => searchShard(shard, plan)).toThrow(expected)
  }
})
