import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  closeShard,
  finishCheckpointLoad,
  loadCheckpointBytes,
  openShard,
  renderScroll,
  shardState
} from '../../src/engine/index.ts'

const folder = join(import.meta.dirname, '../fixtures/checkpoints/v1')
const files = ['base', 'delta-1', 'delta-2']
const states = JSON.parse(readFileSync(join(folder, 'states.json'), 'utf8'))
const uuid = '550e8400-e29b-41d4-a716-446655440000'

async function load(names: readonly string[]) {
  const key = `golden-${names.length}`
  const shard = openShard(key, 77n, 0)
  try {
    for (const name of names)
      await loadCheckpointBytes(shard, readFileSync(join(folder, `${name}.ckpt`)))
    await finishCheckpointLoad(shard)
    const shape = { payload: true, vectors: true, startNs: process.hrtime.bigint() }
    const { result } = JSON.parse(String(await renderScroll([shard], null, 10, shape)))
    return { state: shardState(shard), points: result.points }
  } finally {
    closeShard(key)
  }
}

test.each(files.map((_, last) => files.slice(0, last + 1)))(
  'version 1 wrote %s %s %s',
  async (...names) => {
    const { state } = await load(names)
    const { nextOffset, ...expected } = states[names.at(-1) ?? '']
    expect(state).toMatchObject(expected)
    expect(state.nextOffset).toBe(BigInt(nextOffset))
  }
)

test('version 1 wrote these points', async () => {
  const { points } = await load(files)
  expect(points).toEqual([
    { id: 1, payload: { a: 2 }, vector: { '': [0.6, 0.8, 0] } },
    { id: 8, payload: {}, vector: { '': [0, 0, 1] } },
    { id: 2 ** 64, payload: { n: 12345678901234567000 }, vector: {} },
    { id: uuid, payload: { back: [1, null] }, vector: { '': [0, 1, 0], later: [7, 8] } }
  ])
})
