import { expect, onTestFinished, test } from 'vitest'
import { planOf, successorBytes } from '../../../actors/optimization-plan.ts'
import type { SlotIndexing } from '../../../src/domain/optimizer-settings.ts'
import { EngineError } from '../../../src/errors/index.ts'
import { openMemoryLog } from '../../../streams/memory/index.ts'
import { type ModelNode, modelNode, specOf, until, upsertFrame } from '../../support/model-node.ts'
import type { ModelShard } from '../../support/model-shard.ts'

const indexing: SlotIndexing = {
  slot: 1,
  links: 24,
  efConstruct: 200,
  thresholdBytes: 1000,
  fullScanBytes: 0,
  placement: 'cached'
}
const settings = {
  deletedThreshold: 0.2,
  vacuumMinRows: 1000,
  mayBuild: true,
  growth: { builders: 0, isPaused: false, defers: false },
  indexes: [indexing]
}
const factsOf = (points: number, rows: number, vectorBytes = 0) => ({
  points,
  rows,
  memoryBytes: 3000,
  vectorBytes: () => vectorBytes,
  indexes: [indexing]
})

test('a segment is vacuumed when more than the threshold of its rows is dead, and it is large enough', () => {
  expect(planOf(factsOf(800, 1000), settings)).toBeUndefined()
  expect(planOf(factsOf(799, 1000), settings)).toMatchObject({ kind: 'vacuum' })
  expect(planOf(factsOf(1, 999), settings)).toBeUndefined()
  expect(planOf(factsOf(0, 1000), { ...settings, deletedThreshold: 1 })).toBeUndefined()
})

test.each<[string, Partial<SlotIndexing>]>([
  ['m', { links: 16 }],
  ['ef_construct', { efConstruct: 64 }],
  ['full_scan_threshold', { fullScanBytes: 1 }]
])(
  'a segment with a graph is indexed anew when %s has changed, and one without is not',
  (name, change) => {
    const wanted = { ...settings, indexes: [{ ...indexing, ...change }] }
    const plan = planOf(factsOf(10, 10, 1000), wanted)
    expect(plan).toEqual({ kind: 'reindex', reason: expect.stringContaining(name) })
    expect(planOf(factsOf(10, 10, 999), wanted)).toBeUndefined()
  }
)

test('a threshold matters when it decides otherwise', () => {
  const withThreshold = (thresholdBytes: number) => ({
    ...settings,
    indexes: [{ ...indexing, thresholdBytes }]
  })
  expect(planOf(factsOf(10, 10, 5000), withThreshold(4000))).toBeUndefined()
  expect(planOf(factsOf(10, 10, 5000), withThreshold(6000))).toMatchObject({ kind: 'reindex' })
  expect(planOf(factsOf(10, 10, 5000), withThreshold(0))).toMatchObject({ kind: 'reindex' })
  expect(planOf(factsOf(10, 10, 500), withThreshold(400))).toMatchObject({ kind: 'reindex' })
})

test('a segment is indexed anew when another quantization is wanted, with or without a graph', () => {
  const defaults = { quantile: 1, halfBits: 8, queryBits: 8, chunk: 4 }
  const scalar = { ...defaults, kind: 'scalar' } as const
  const product = { ...defaults, kind: 'product' } as const
  const segment = (had: object, bytes: number) => ({
    ...factsOf(10, 10, bytes),
    indexes: [{ ...indexing, links: 0, ...had }]
  })
  const wanting = (wanted: object) => ({
    ...settings,
    indexes: [{ ...indexing, links: 0, ...wanted }]
  })
  const planned = { kind: 'reindex', reason: expect.stringContaining('quantization of slot 1') }
  expect(planOf(segment({}, 5000), wanting({ quantization: scalar }))).toEqual(planned)
  expect(planOf(segment({ quantization: scalar }, 5000), wanting({}))).toEqual(planned)
  const other = wanting({ quantization: product })
  expect(planOf(segment({ quantization: scalar }, 5000), other)).toEqual(planned)
  expect(planOf(segment({ quantization: product }, 5000), other)).toBeUndefined()
  // A column that is too small has no codes, whatever is wanted.
  expect(planOf(segment({ quantization: scalar }, 500), other)).toBeUndefined()
})

test('a segment is built anew when vectors are to be kept elsewhere, however few there are', () => {
  const cold = { ...settings, indexes: [{ ...indexing, placement: 'cold' as const }] }
  const reason = 'vectors of slot 1 are to be cold and were cached'
  expect(planOf(factsOf(0, 0), cold)).toEqual({ kind: 'reindex', reason })
  expect(planOf({ ...factsOf(10, 10, 5000), indexes: cold.indexes }, settings)).toMatchObject({
    reason: 'vectors of slot 1 are to be cached and were cold'
  })
  expect(planOf({ ...factsOf(10, 10, 5000), indexes: cold.indexes }, cold)).toBeUndefined()
  // Of a slot that came after the segment was opened.
  expect(planOf({ ...factsOf(10, 10, 5000), indexes: [] }, cold)).toMatchObject({ reason })
})

test('a segment is built anew when the index of a sparse vector is to keep other weights', () => {
  const bytes = { ...settings, indexes: [{ ...indexing, weights: 'uint8' as const }] }
  const reason = 'weights in the index of slot 1 are to be uint8 and were float32'
  expect(planOf(factsOf(10, 10), bytes)).toEqual({ kind: 'reindex', reason })
  expect(planOf({ ...factsOf(10, 10), indexes: bytes.indexes }, bytes)).toBeUndefined()
  expect(planOf({ ...factsOf(10, 10), indexes: bytes.indexes }, settings)).toMatchObject({
    reason: 'weights in the index of slot 1 are to be float32 and were uint8'
  })
  expect(planOf({ ...factsOf(10, 10), indexes: [] }, bytes)).toMatchObject({ reason })
})

test('what a successor takes is what its live rows take, where their vectors are to be', () => {
  const had = factsOf(10, 20, 2000)
  const cold = [{ ...indexing, placement: 'cold' as const }]
  expect(successorBytes(had, [indexing])).toEqual({ memory: 1500, disk: 0 })
  expect(successorBytes(had, cold)).toEqual({ memory: 500, disk: 1000 })
  expect(successorBytes({ ...had, indexes: cold }, cold)).toEqual({ memory: 1500, disk: 1000 })
  expect(successorBytes({ ...had, indexes: cold }, [indexing])).toEqual({ memory: 2500, disk: 0 })
  expect(successorBytes(factsOf(0, 0), cold)).toEqual({ memory: 0, disk: 0 })
})

/** A node with the collection `a` of one shard, whose rows are said to be mostly dead. */
async function startedNode(given: Parameters<typeof modelNode>[1]) {
  const log = openMemoryLog()
  const node = await modelNode(log, given)
  onTestFinished(() => node.stop())
  const spec = specOf(1)
  const verdict = await node.controlPort.propose({ type: 'createCollection', name: 'a', spec })
  if (!verdict.accepted || verdict.collectionId === undefined) throw new Error('not created')
  const id = verdict.collectionId
  const live = node.shards.get(`c${id}.g0/0`)
  if (live === undefined) throw new Error('there is no shard')
  await write(node, id, 1)
  return { node, id, live }
}

async function write(node: ModelNode, collectionId: bigint, point: number) {
  const records = [{ shard: 0, frame: upsertFrame(collectionId, [BigInt(point)]) }]
  await node.writePort.submit({ collectionId, generation: 0, records }).applied
}

const optimizerOf = (node: ModelNode) => node.describe()[0]?.shards[0]?.optimizer

test('a segment that fails to be built is closed, what serves goes on, and it is tried again', async () => {
  const built: ModelShard[] = []
  const { node, id, live } = await startedNode((shard, key) => {
    if (!key.includes('#vacuum')) return
    built.push(shard)
    if (built.length > 1) return
    shard.loadCheckpoint = () => Promise.reject(new Error('no memory for it'))
  })
  live.rows = 5000
  await until(() => optimizerOf(node)?.state === 'backingOff')
  expect(built[0]?.isClosed).toBe(true)
  expect(optimizerOf(node)).toMatchObject({
    failed: 1,
    lastError: expect.stringContaining('no memory for it')
  })
  await write(node, id, 2)
  await until(() => optimizerOf(node)?.done === 1)
  expect(optimizerOf(node)).toMatchObject({ lastError: null, current: null })
  await write(node, id, 3)
  expect(live.ids).toEqual(new Set(['1', '2', '3']))
})

test('a copy that differs from what serves is never swapped in', async () => {
  const { node, live } = await startedNode((shard, key) => {
    if (key.includes('#vacuum')) shard.finishLoad = async () => shard.forge('99')
  })
  live.rows = 5000
  await until(() => optimizerOf(node)?.state === 'backingOff')
  expect(optimizerOf(node)?.lastError).toContain('digest')
  expect(live.ids).toEqual(new Set(['1']))
})

test('newer settings cancel what is being built, and so does a rebuild; the end of the node leaves nothing open', async () => {
  const built: ModelShard[] = []
  const { node, live } = await startedNode((shard, key) => {
    if (!key.includes('#vacuum')) return
    built.push(shard)
    // Its graph never gets done.
    shard.waitingVectors = 1_000_000
  })
  live.rows = 5000
  await until(() => optimizerOf(node)?.state === '{building:growing}')
  const patch = { optimizers_config: { deleted_threshold: 0.9 } }
  await node.controlPort.propose({ type: 'updateCollection', name: 'a', patch })
  await until(() => built.length === 2 && optimizerOf(node)?.state === '{building:growing}')
  expect(built[0]?.isClosed).toBe(true)
  expect(optimizerOf(node)?.past).toMatchObject([
    { status: 'cancelled', error: expect.stringContaining('settings') }
  ])
  expect(await node.rebuildShard('a', 0)).toMatchObject({ equal: true })
  await until(() => built[1]?.isClosed === true)
  await node.stop()
  for (const shard of built) expect(shard.isClosed).toBe(true)
})

test('P9 without the memory for a second segment none is built, collection info says why, and nothing is rebuilt', async () => {
  const asked: number[] = []
  let isShort = true
  const memory = {
    shortage(bytes: number) {
      asked.push(bytes)
      if (!isShort) return undefined
      return new EngineError('MILLRACE_MEMORY_LOW', { usedBytes: 9, budgetBytes: 8 })
    }
  }
  const { node, live } = await startedNode({ memory })
  live.rows = 5000
  await until(() => optimizerOf(node)?.forbidden !== null)
  expect(optimizerOf(node)).toMatchObject({
    forbidden: { kind: 'vacuum', by: 'memory.budgetBytes' },
    current: null
  })
  await expect(node.rebuildShard('a', 0)).rejects.toMatchObject({ code: 'MILLRACE_MEMORY_LOW' })
  expect(asked.length).toBeGreaterThan(1)
  isShort = false
  await until(() => optimizerOf(node)?.done === 1)
  expect(await node.rebuildShard('a', 0)).toMatchObject({ equal: true })
})
