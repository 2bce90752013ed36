import { expect, onTestFinished, test } from 'vitest'
import type { ReplicaDescription } from '../../../actors/index.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../../streams/index.ts'
import type { FaultyFiles } from '../../support/faulty-files.ts'
import {
  dataFolder,
  type ModelNode,
  type ModelNodeOptions,
  modelNode,
  specOf,
  until,
  upsertFrame
} from '../../support/model-node.ts'

interface Fixture {
  readonly log: EmbeddedLog
  readonly files: FaultyFiles
  readonly node: ModelNode
  readonly id: bigint
}

const segmentBytes = 4096

async function openLog(): Promise<EmbeddedLog> {
  const files = await dataFolder()
  const log = await openEmbeddedLog({ folder: '/log', durability: 'os', segmentBytes, files })
  onTestFinished(() => log.close())
  return log
}

/** A node with one collection of one shard that holds the points 0 to `points` - 1. */
async function nodeWith(points: number, options: ModelNodeOptions = {}): Promise<Fixture> {
  const log = await openLog()
  const files = await dataFolder()
  const node = await modelNode(log, { files, ...options })
  const verdict = await node.controlPort.propose({
    type: 'createCollection',
    name: 'a',
    spec: specOf(1)
  })
  if (!verdict.accepted || verdict.collectionId === undefined) throw new Error('not created')
  const id = verdict.collectionId
  await write(node, id, points)
  return { log, files, node, id }
}

async function write(node: ModelNode, collectionId: bigint, points: number, first = 0) {
  const records = Array.from({ length: points }, (_, index) => ({
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

const liveShard = ({ node, id }: Fixture) => node.shards.get(`c${id}.g0/0`)

const manifests = (files: FaultyFiles) => files.paths().filter((path) => path.endsWith('.manifest'))

/** Stops the node and starts another one on the same log and files. */
async function restart({ node, log, files }: Fixture, options: ModelNodeOptions = {}) {
  await node.stop()
  const next = await modelNode(log, { files, ...options })
  await until(() => next.isReady())
  return next
}

function flip(files: FaultyFiles, path: string, at: number): void {
  const bytes = files.content(path).slice()
  bytes[at] = (bytes[at] ?? 0) ^ 1
  files.replace(path, bytes)
}

test('a clean stop writes a checkpoint, and the next start goes on from there', async () => {
  const fixture = await nodeWith(5)
  const before = liveShard(fixture)?.state()
  const applied: bigint[] = []
  const node = await restart(fixture, {
    prepare: (shard) => {
      const apply = shard.apply.bind(shard)
      shard.apply = (batch) => {
        applied.push(...batch.offsets)
        return apply(batch)
      }
    }
  })
  expect(applied).toEqual([])
  expect(shardOf(node)).toMatchObject({
    nextOffset: String(before?.nextOffset),
    digest: before?.digest,
    replay: { fromCheckpoint: '6' },
    checkpoint: { newest: { offset: '6', files: 1 }, kept: ['6'], errors: 0 }
  })
  await write(node, fixture.id, 1, 10)
  expect(applied).toEqual([6n])
})

test('a checkpoint is due after so many bytes of records', async () => {
  const { node, id } = await nodeWith(0, { everyBytes: 1000 })
  for (let id1 = 0; shardOf(node).checkpoint.written < 3; id1++) await write(node, id, 1, id1)
  expect(shardOf(node).checkpoint.kept).toHaveLength(2)
})

test('a checkpoint is due some time after the first record that none holds', async () => {
  const { node } = await nodeWith(3, { everyMs: 20 })
  await until(() => shardOf(node).checkpoint.newest?.offset === '4')
  const { written } = shardOf(node).checkpoint
  await new Promise((resolve) => setTimeout(resolve, 60))
  expect(shardOf(node).checkpoint.written, 'none without news').toBe(written)
})

test('P4 P8 while no checkpoint can be written the shard goes on, and one is written once it can', async () => {
  const fixture = await nodeWith(0, { everyMs: 5 })
  const { node, files, id } = fixture
  files.onCall = (call) => (call === 'write' ? { errno: 'ENOSPC' } : undefined)
  await write(node, id, 3)
  await until(() => shardOf(node).checkpoint.errors > 0)
  await write(node, id, 3, 10)
  expect(shardOf(node)).toMatchObject({
    shardState: 'running',
    checkpointState: expect.stringMatching(/backingOff|writing|capturing/),
    checkpoint: { lastError: expect.stringContaining('ENOSPC') }
  })
  files.onCall = () => undefined
  await until(() => shardOf(node).checkpoint.newest?.offset === '7')
})

test('a damaged newest checkpoint is reported and set aside, and the older one is used', async () => {
  const fixture = await nodeWith(3)
  await (await restart(fixture)).stop()
  const again = await modelNode(fixture.log, { files: fixture.files })
  await until(() => again.isReady())
  await write(again, fixture.id, 2, 10)
  await again.stop()
  expect(manifests(fixture.files)).toHaveLength(2)
  const newest = manifests(fixture.files).at(-1) ?? ''
  flip(fixture.files, newest, 20)

  const node = await modelNode(fixture.log, { files: fixture.files })
  await until(() => node.isReady())
  const { replay, checkpoint, points } = shardOf(node)
  expect(replay.fromCheckpoint).toBe('4')
  expect(points).toBe('5')
  expect(checkpoint.damaged).toEqual([expect.stringContaining(newest)])
  expect(fixture.files.paths()).toContain(`${newest}.damaged`)
})

test('with no whole checkpoint the whole log is replayed', async () => {
  const fixture = await nodeWith(3)
  await fixture.node.stop()
  const file = fixture.files.paths().find((path) => path.endsWith('.ckpt')) ?? ''
  flip(fixture.files, file, 100)
  const node = await modelNode(fixture.log, { files: fixture.files })
  await until(() => node.isReady())
  expect(shardOf(node)).toMatchObject({ points: '3', replay: { fromCheckpoint: null } })
  await write(node, fixture.id, 1, 10)
  await node.stop()
  expect(manifests(fixture.files)).toHaveLength(1)
})

test('P4 with no whole checkpoint and a trimmed log the shard stops and names the damaged file', async () => {
  const fixture = await nodeWith(200, {
    everyBytes: 2000,
    retentionBytes: 1,
    partitionBytes: () => 2
  })
  const { node, log, files, id } = fixture
  const topic = `c${id}.g0`
  for (let first = 0; (await log.ends(topic, 0)).start === 0n; first += 10) {
    await write(node, id, 10, 1000 + first)
  }
  await node.stop()
  const { start } = await log.ends(topic, 0)
  const oldest = manifests(files)[0] ?? ''
  expect(start, 'never past the oldest kept').toBeLessThanOrEqual(
    BigInt(/(\d{20})/.exec(oldest)?.[1] ?? 0)
  )
  for (const path of files.paths()) if (path.endsWith('.ckpt')) flip(files, path, 100)

  const next = await modelNode(log, { files })
  const status = () => next.directory().collections.get('a')?.shards[0]?.status
  await until(() => status()?.kind === 'stopped')
  expect(status()).toMatchObject({
    reason: expect.stringMatching(/begins at offset \d+.*\.ckpt, at byte/)
  })
})

test('a checkpoint beyond the end of the log is of another history and is not used', async () => {
  const fixture = await nodeWith(4)
  await fixture.node.stop()
  const other = await nodeWith(2)
  await other.node.stop()
  const node = await modelNode(other.log, { files: fixture.files })
  await until(() => node.isReady())
  expect(shardOf(node)).toMatchObject({ points: '2', replay: { fromCheckpoint: null } })
  expect(shardOf(node).checkpoint.damaged).toEqual([expect.stringContaining('outside of the log')])
})

test('a deleted collection leaves no checkpoint, and what a crash left is removed at the next start', async () => {
  const fixture = await nodeWith(3, { everyMs: 5 })
  const { node, files, log } = fixture
  await until(() => manifests(files).length > 0)
  const left = files.clone()
  await node.controlPort.propose({ type: 'deleteCollection', name: 'a' })
  expect(files.paths().filter((path) => path.startsWith('/data/shards/'))).toEqual([])
  await node.stop()
  expect(manifests(left)).not.toEqual([])
  await modelNode(log, { files: left })
  expect(left.paths().filter((path) => path.startsWith('/data/shards/'))).toEqual([])
})

test('a start without memory for the checkpoint tries again by itself', async () => {
  const fixture = await nodeWith(3)
  await fixture.node.stop()
  let failures = 2
  const { EngineError } = await import('../../../src/errors/index.ts')
  const node = await modelNode(fixture.log, {
    files: fixture.files,
    prepare: (shard) => {
      const load = shard.loadCheckpoint.bind(shard)
      shard.loadCheckpoint = async (bytes) => {
        if (failures-- > 0) throw new EngineError('MILLRACE_OUT_OF_MEMORY', { bytes: 1 })
        return load(bytes)
      }
    }
  })
  await until(() => node.isReady())
  expect(shardOf(node)).toMatchObject({ points: '3', replay: { fromCheckpoint: '4' } })
  expect(manifests(fixture.files)).toHaveLength(1)
})

test('reads and writes of a shard that replays after a checkpoint see how far it is', async () => {
  const fixture = await nodeWith(3)
  await fixture.node.stop()
  const tail = await modelNode(fixture.log, { files: await dataFolder() })
  await until(() => tail.isReady())
  await write(tail, fixture.id, 4, 10)
  await tail.stop()

  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const node = await modelNode(fixture.log, {
    files: fixture.files,
    prepare: (shard) => {
      const apply = shard.apply.bind(shard)
      shard.apply = async (batch) => {
        await released
        return apply(batch)
      }
    }
  })
  onTestFinished(() => release())
  const status = () => node.directory().collections.get('a')?.shards[0]?.status
  await until(() => status()?.kind === 'replaying')
  expect(status()).toEqual({
    kind: 'replaying',
    nextOffset: 4n,
    targetOffset: 8n,
    lagRecords: 4,
    recordsPerSecond: 0,
    etaMs: null
  })
  expect(node.isReady()).toBe(false)
  const written = write(node, fixture.id, 1, 20)
  release()
  await written
  await until(() => node.isReady())
  expect(shardOf(node)).toMatchObject({ points: '8', lagRecords: 0 })
})
