import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import {
  closeShard,
  makeEncodeTarget,
  openShard,
  parseUpsert,
  shardState,
  type VectorSlot
} from '../../src/engine/index.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'
import { applyFrames, collectionId, schemaFrame, seal } from '../unit/engine/frames.ts'

const addon = join(process.cwd(), 'build/native/release/millrace.node')
const dimension = 512
const vectors: readonly VectorSlot[] = [{ slot: 1, name: '', size: dimension, distance: 'Dot' }]
const target = makeEncodeTarget({
  collectionId,
  schemaVersion: 1,
  vectors,
  shardOfBucket: new Uint16Array(4096),
  shards: 1
})

/** Searches and renders without a pause, short ones inside the call and long ones on engine threads. */
const reader = `
  const { parentPort, workerData } = require('node:worker_threads')
  const native = require(workerData.addon)
  const query = new Float32Array(${dimension}).fill(1)
  const shape = { payload: true, vectors: true, startNs: 0n }
  let isFirst = true
  const read = async () => {
    const shard = native.findShard(workerData.key)
    if (shard !== null) {
      const found = await native.search(shard, 1, query, 300, true, 0, null, 0n)
      await native.renderHits([shard], [found.entries], new Uint32Array(0), shape, true)
      await native.renderScroll([shard], null, 300, shape)
      native.state(shard)
      if (isFirst) parentPort.postMessage('reading')
      isFirst = false
    }
    setImmediate(start)
  }
  // A shard that was just opened has no schema yet, and one that was closed answers nothing.
  const start = () => read().catch((error) => {
    if (error.errc === undefined) throw error
    setImmediate(start)
  })
  for (let i = 0; i < 4; i++) start()`

test('threads come and go in the middle of reads while a shard is written, closed and opened again', async () => {
  const random = new Random(testSeed('worker threads'))
  const key = `${process.pid}.threads`
  let isOver = false
  let lives = 0
  const write = async () => {
    while (!isOver) {
      const shard = openShard(key, collectionId, 0)
      await applyFrames(shard, [seal(schemaFrame(vectors, 0), 1n)], 0)
      for (let batch = 0; batch < 20 && !isOver; batch++) {
        const ids = Array.from({ length: 200 }, () => random.below(5000))
        const rows = ids.map((id) => Array.from({ length: dimension }, (_, i) => (id + i) % 7))
        const body = Buffer.from(JSON.stringify({ batch: { ids, vectors: rows } }))
        const frames = parseUpsert(body, target).records.map((record) => record.frame)
        const next = Number(shardState(shard).nextOffset)
        await applyFrames(
          shard,
          frames.map((frame, index) => seal(frame, BigInt(next + index + 1))),
          next
        )
      }
      closeShard(key)
      lives += 1
    }
  }
  const writing = write()
  const failures: unknown[] = []
  const live = async () => {
    for (let round = 0; round < 12; round++) {
      const worker = new Worker(reader, { eval: true, workerData: { addon, key } })
      worker.on('error', (error) => failures.push(error))
      await new Promise((resolve) => worker.once('message', resolve).once('exit', resolve))
      await sleep(random.below(40))
      await worker.terminate()
    }
  }
  await Promise.all([live(), live(), live()])
  isOver = true
  await writing
  expect(failures).toEqual([])
  expect(lives).toBeGreaterThan(0)
})
