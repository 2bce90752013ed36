import { beforeEach, expect, test } from 'vitest'
import {
  type CheckpointCapture,
  captureCheckpoint,
  closeShard,
  finishCheckpointLoad,
  loadCheckpointBytes,
  makeEncodeTarget,
  nextCheckpointBytes,
  openShard,
  parseUpsert,
  renderScroll,
  type ShardHandle,
  shardState,
  type VectorSlot
} from '../../../src/engine/index.ts'
import { applyFrames, collectionId, schemaFrame, seal } from './frames.ts'

const vectors: readonly VectorSlot[] = [
  { slot: 1, name: '', size: 64, distance: 'Cosine' },
  { slot: 2, name: 'other', size: 3, distance: 'Dot' }
]
const target = makeEncodeTarget({
  collectionId,
  schemaVersion: 1,
  vectors,
  shardOfBucket: new Uint16Array(4096),
  shards: 1
})

let keys = 0
let key: string
let shard: ShardHandle
let offset: number

beforeEach(async () => {
  key = `checkpoint-test-${keys++}`
  shard = openShard(key, collectionId, 0)
  offset = 0
  await append([schemaFrame(vectors, 0)])
  return () => {
    for (const name of [key, `${key}.copy`]) closeShard(name)
  }
})

async function append(frames: readonly Buffer[], to = shard) {
  const sealed = frames.map((frame, i) => seal(frame, BigInt(offset + i + 1)))
  const result = await applyFrames(to, sealed, offset)
  expect(result.stop).toBeNull()
  offset += frames.length
}

function upsert(first: number, count: number): Buffer[] {
  const points = Array.from({ length: count }, (_, i) => ({
    id: first + i,
    vector: { '': Array.from({ length: 64 }, (_, n) => first + i + n + 1), other: [1, 2, i] },
    payload: { n: i }
  }))
  const { records } = parseUpsert(Buffer.from(JSON.stringify({ points })), target)
  return records.map(({ frame }) => Buffer.from(frame))
}

async function bytesOf(capture: CheckpointCapture, bytesMax = 1 << 22): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = []
  for (;;) {
    const part = await nextCheckpointBytes(capture, bytesMax)
    if (part === undefined) return parts
    parts.push(part)
  }
}

test('bytes of a capture are freed when they are handed back, and what follows is the same', async () => {
  await append(upsert(0, 5000))
  const wanted = Buffer.concat(await bytesOf(captureCheckpoint(shard, 0n), 100_000))
  const capture = captureCheckpoint(shard, 0n)
  const parts: Buffer[] = []
  let part = await nextCheckpointBytes(capture, 100_000)
  while (part !== undefined) {
    parts.push(Buffer.from(part))
    const spent = part
    part = await nextCheckpointBytes(capture, 100_000, spent)
    expect(spent.byteLength).toBe(0)
  }
  expect(parts.length).toBeGreaterThan(2)
  expect(Buffer.concat(parts).equals(wanted)).toBe(true)
})

const openCopy = () => openShard(`${key}.copy`, collectionId, 0)

test('a shard loaded from a base and a delta is the shard that was captured', async () => {
  await append(upsert(0, 5000))
  const base = captureCheckpoint(shard, 0n)
  expect(base).toMatchObject({ since: 0n, nextOffset: BigInt(offset), rows: 5000, liveRows: 5000 })
  const encoding = bytesOf(base, 100_000)
  await append(upsert(4900, 200))
  const delta = captureCheckpoint(shard, base.nextOffset)
  expect(delta).toMatchObject({ since: base.nextOffset, rows: 200, liveRows: 5100 })
  const files = [...(await encoding), ...(await bytesOf(delta))]
  expect(files.length).toBeGreaterThan(10)

  const copy = openCopy()
  for (const part of files) await loadCheckpointBytes(copy, part)
  expect(shardState(copy)).toMatchObject({ nextOffset: 0n, points: 0 })
  await finishCheckpointLoad(copy)
  const { digest, contentDigest, nextOffset, points } = shardState(shard)
  expect(shardState(copy)).toMatchObject({ digest, contentDigest, nextOffset, points })
  const shape = { payload: true, vectors: true, startNs: process.hrtime.bigint() }
  const page = async (of: ShardHandle) =>
    JSON.parse(String(await renderScroll([of], null, 6000, shape))).result
  expect(await page(copy)).toEqual(await page(shard))

  const more = upsert(7, 30)
  await append(more.map((frame) => Buffer.from(frame)))
  offset -= more.length
  await append(more, copy)
  expect(shardState(copy).digest).toBe(shardState(shard).digest)
})

test('bytes that are not aligned are loaded, damaged ones are refused with their place', async () => {
  await append(upsert(0, 100))
  const bytes = Buffer.concat(await bytesOf(captureCheckpoint(shard, 0n)))
  const copy = openCopy()
  const damaged = Uint8Array.from(bytes)
  damaged[300] = (damaged[300] ?? 0) ^ 1
  await expect(loadCheckpointBytes(copy, damaged)).rejects.toMatchObject({
    code: 'MILLRACE_CHECKPOINT_CORRUPT',
    details: { position: 0, reason: expect.stringContaining('checksum') }
  })
  await expect(finishCheckpointLoad(copy)).rejects.toMatchObject({
    code: 'MILLRACE_CHECKPOINT_CORRUPT',
    details: { position: 0, reason: 'there is no file' }
  })
  // The shard is as good as new.
  const shifted = new Uint8Array(bytes.length + 1).subarray(1)
  shifted.set(bytes)
  await loadCheckpointBytes(copy, shifted)
  await finishCheckpointLoad(copy)
  expect(shardState(copy).digest).toBe(shardState(shard).digest)
  await expect(loadCheckpointBytes(copy, bytes)).rejects.toMatchObject({
    code: 'MILLRACE_ARGUMENT_INVALID'
  })
})

test('a capture knows only offsets that the shard has passed, and is encoded by one call at a time', async () => {
  await append(upsert(0, 100))
  expect(() => captureCheckpoint(shard, 100n)).toThrow(
    expect.objectContaining({ code: 'MILLRACE_ARGUMENT_INVALID' })
  )
  const capture = captureCheckpoint(shard, 0n)
  const first = nextCheckpointBytes(capture, 1 << 20)
  await expect(nextCheckpointBytes(capture, 1 << 20)).rejects.toMatchObject({
    code: 'MILLRACE_ARGUMENT_INVALID'
  })
  await first
  await expect(
    nextCheckpointBytes({ ...capture, handle: shard as never }, 1)
  ).rejects.toMatchObject({ code: 'MILLRACE_ARGUMENT_INVALID' })
})
