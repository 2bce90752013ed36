import { expect, onTestFinished, test } from 'vitest'
import type { ActorLogger, ReplicaDescription } from '../../../actors/index.ts'
import { openEmbeddedLog } from '../../../streams/index.ts'
import {
  dataFolder,
  type ModelNode,
  type ModelNodeOptions,
  modelNode,
  quiet,
  specOf,
  until,
  upsertFrame
} from '../../support/model-node.ts'
import type { ModelShard } from '../../support/model-shard.ts'

/** A node with the collection `a` of one shard that holds the points 0 to 9. */
async function startedNode(options: ModelNodeOptions = {}) {
  const files = await dataFolder()
  const logFiles = await dataFolder()
  const log = await openEmbeddedLog({ folder: '/log', segmentBytes: 4096, files: logFiles })
  onTestFinished(() => log.close())
  const node = await modelNode(log, { files, ...options })
  const spec = specOf(1)
  const verdict = await node.controlPort.propose({ type: 'createCollection', name: 'a', spec })
  if (!verdict.accepted || verdict.collectionId === undefined) throw new Error('not created')
  const id = verdict.collectionId
  await write(node, id, 0, 10)
  const live = node.shards.get(`c${id}.g0/0`)
  if (live === undefined) throw new Error('there is no shard')
  return { node, id, log, files, live }
}

async function write(node: ModelNode, collectionId: bigint, first: number, count: number) {
  const records = Array.from({ length: count }, (_, index) => ({
    shard: 0,
    frame: upsertFrame(collectionId, [BigInt(first + index)])
  }))
  await node.writePort.submit({ collectionId, generation: 0, records }).applied
}

function shardOf(node: ModelNode): ReplicaDescription {
  const shard = node.describe()[0]?.shards[0]
  if (shard === undefined) throw new Error('there is no shard')
  return shard
}

/** Holds back the rebuilt shard's apply until it is let go. */
function gate() {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const prepare = (shard: ModelShard, key: string) => {
    if (!key.includes('#rebuild')) return
    const apply = shard.apply.bind(shard)
    shard.apply = async (batch) => {
      await released
      return apply(batch)
    }
  }
  onTestFinished(() => release())
  return { prepare, release: () => release() }
}

test('P6 a rebuild from the log’s start has the digest of the shard that served, and takes its place', async () => {
  const { node, id, live } = await startedNode()
  const before = live.state()
  expect(await node.rebuildShard('a', 0)).toEqual({
    from: '0',
    digest: before.digest,
    recordsReplayed: 11,
    seconds: expect.any(Number),
    swapped: true,
    equal: true
  })
  expect(shardOf(node)).toMatchObject({
    rebuild: { state: 'done', equal: true },
    rebuildsUnequal: 0
  })
  await write(node, id, 20, 3)
  expect(live.state().points, 'apply goes on in the one that was swapped in').toBe(13n)
})

test('P8 a shard that is being rebuilt goes on applying, and the rebuild takes that up', async () => {
  const { prepare, release } = gate()
  const { node, id, live } = await startedNode({ prepare })
  const rebuilt = node.rebuildShard('a', 0)
  await until(() => shardOf(node).rebuild?.state === 'replaying')
  await write(node, id, 20, 50)
  expect(live.state().points).toBe(60n)
  release()
  expect(await rebuilt).toMatchObject({ equal: true, digest: live.state().digest })
  expect(live.state().points).toBe(60n)
})

test('P6 a rebuilt shard that differs is named loudly and kept, and no checkpoint of the wrong state stays', async () => {
  const errors: string[] = []
  const logger: ActorLogger = {
    ...quiet,
    error: (_facts, message) => errors.push(message),
    child: () => logger
  }
  const { node, live, files } = await startedNode({ logger, everyMs: 5 })
  const right = live.state().digest
  await until(() => shardOf(node).checkpoint.newest?.offset === '11')
  await until(() => shardOf(node).checkpointState === 'idle')
  const { kept } = shardOf(node).checkpoint
  live.forge('777')
  expect(await node.rebuildShard('a', 0)).toMatchObject({
    swapped: true,
    equal: false,
    digest: right
  })
  expect(errors).toContainEqual(expect.stringContaining('differs'))
  expect(shardOf(node)).toMatchObject({
    digest: right,
    rebuildsUnequal: 1,
    rebuild: { equal: false }
  })
  await until(() => shardOf(node).checkpoint.newest?.offset === '11')
  expect(files.paths().filter((path) => path.endsWith('.manifest.damaged'))).toHaveLength(
    kept.length
  )
})

test('with a trimmed log a rebuild starts from the oldest checkpoint kept, and says so', async () => {
  const { node, id, log, live } = await startedNode({
    everyBytes: 2000,
    retentionBytes: 1,
    partitionBytes: () => 2
  })
  for (let first = 100; (await log.ends(`c${id}.g0`, 0)).start === 0n; first += 10)
    await write(node, id, first, 10)
  const { kept } = shardOf(node).checkpoint
  const report = await node.rebuildShard('a', 0)
  expect(report).toMatchObject({ equal: true, digest: live.state().digest })
  expect(kept.concat(shardOf(node).checkpoint.kept)).toContain(report.from)
  expect(BigInt(report.from)).toBeGreaterThan(0n)
})

test('one rebuild at a time for each shard', async () => {
  const { prepare, release } = gate()
  const { node } = await startedNode({ prepare })
  const first = node.rebuildShard('a', 0)
  await until(() => shardOf(node).rebuild?.state === 'replaying')
  await expect(node.rebuildShard('a', 0)).rejects.toMatchObject({
    code: 'MILLRACE_REBUILD_RUNNING'
  })
  release()
  expect(await first).toMatchObject({ equal: true })
  expect(await node.rebuildShard('a', 0)).toMatchObject({ equal: true })
})

test('a rebuild that fails leaves the shard that serves as it was', async () => {
  const { node, live } = await startedNode({
    prepare: (shard, key) => {
      if (key.includes('#rebuild')) shard.stopAt.add(5n)
    }
  })
  const before = live.state()
  await expect(node.rebuildShard('a', 0)).rejects.toMatchObject({
    code: 'MILLRACE_REBUILD_FAILED',
    message: expect.stringContaining('could not allocate')
  })
  expect(live.state()).toEqual(before)
  expect(shardOf(node).rebuild).toMatchObject({ state: 'failed' })
  const rebuilt = [...node.shards].find(([key]) => key.includes('#rebuild'))
  expect(rebuilt?.[1].isClosed).toBe(true)
})

test('deleting the collection cancels its rebuild', async () => {
  const { prepare, release } = gate()
  const { node } = await startedNode({ prepare })
  const rebuilt = node.rebuildShard('a', 0)
  const told = expect(rebuilt).rejects.toMatchObject({ code: 'MILLRACE_REBUILD_FAILED' })
  await until(() => shardOf(node).rebuild?.state === 'replaying')
  const deleted = node.controlPort.propose({ type: 'deleteCollection', name: 'a' })
  await until(() => node.directory().collections.size === 0)
  release()
  await told
  await deleted
  expect([...node.shards.values()].every(({ isClosed }) => isClosed)).toBe(true)
})

test('a shard or collection that does not exist is not rebuilt', async () => {
  const { node } = await startedNode()
  await expect(node.rebuildShard('a', 1)).rejects.toMatchObject({
    code: 'MILLRACE_SHARD_NOT_FOUND'
  })
  await expect(node.rebuildShard('b', 0)).rejects.toMatchObject({
    code: 'MILLRACE_COLLECTION_NOT_FOUND'
  })
})
