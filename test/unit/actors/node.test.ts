import { expect, onTestFinished, test } from 'vitest'
import { requireServing } from '../../../src/domain/directory.ts'
import { EngineError } from '../../../src/errors/index.ts'
import { openEmbeddedLog } from '../../../streams/index.ts'
import { FaultyFiles } from '../../support/faulty-files.ts'
import { temporaryFolder } from '../../support/folders.ts'
import { modelNode, specOf, until, upsertFrame } from '../../support/model-node.ts'
import type { ModelShard } from '../../support/model-shard.ts'

async function openLog(folder = temporaryFolder()) {
  const log = await openEmbeddedLog({ folder, durability: 'os', segmentBytes: 1 << 20 })
  onTestFinished(() => log.close())
  return log
}

async function createCollection(
  node: Awaited<ReturnType<typeof modelNode>>,
  name: string,
  shards = 1
) {
  const verdict = await node.controlPort.propose({
    type: 'createCollection',
    name,
    spec: specOf(shards)
  })
  if (!verdict.accepted || verdict.collectionId === undefined) throw new Error('not created')
  return verdict.collectionId
}

test('a created collection is in the directory with running shards that have its schema', async () => {
  const node = await modelNode(await openLog())
  const id = await createCollection(node, 'a', 3)
  const view = node.directory().collections.get('a')
  expect(view?.id).toBe(id)
  expect(view?.shards.map(({ status }) => status.kind)).toEqual(['running', 'running', 'running'])
  expect([...node.shards.values()].map((shard) => shard.state().schemaVersion)).toEqual([1, 1, 1])
  expect(node.isReady()).toBe(true)
})

test('P5 the outcome of a record arrives after it was applied', async () => {
  const node = await modelNode(await openLog())
  const collectionId = await createCollection(node, 'a', 2)
  const ticket = node.writePort.submit({
    collectionId,
    generation: 0,
    records: [
      { shard: 0, frame: upsertFrame(collectionId, [1n, 2n]) },
      { shard: 1, frame: upsertFrame(collectionId, [3n]) },
      { shard: 0, frame: upsertFrame(collectionId, [4n]) }
    ]
  })
  expect(await ticket.durable).toEqual([
    { shard: 0, offset: 1n },
    { shard: 0, offset: 2n },
    { shard: 1, offset: 1n }
  ])
  const outcomes = await ticket.applied
  expect(outcomes.map(({ shard, affected }) => [shard, affected])).toEqual([
    [0, 2],
    [0, 1],
    [1, 1]
  ])
  expect([...(node.shards.get(`c${collectionId}.g0/0`)?.ids ?? [])]).toEqual(['1', '2', '4'])
})

test('a restarted node replays everything into new shards', async () => {
  const folder = temporaryFolder()
  const log = await openLog(folder)
  const first = await modelNode(log)
  const collectionId = await createCollection(first, 'a')
  const { applied } = first.writePort.submit({
    collectionId,
    generation: 0,
    records: [{ shard: 0, frame: upsertFrame(collectionId, [7n]) }]
  })
  await applied
  await first.stop()
  await log.close()

  const second = await modelNode(await openLog(folder))
  await until(() => second.isReady())
  expect([...second.shards.values()].map((shard) => shard.state())).toEqual(
    [...first.shards.values()].map((shard) => shard.state())
  )
})

test('P4 a shard without memory stops at its record, says why, and goes on by itself', async () => {
  let shard: ModelShard | undefined
  const node = await modelNode(await openLog(), (opened) => {
    shard = opened
    opened.stopAt.add(1n)
  })
  const collectionId = await createCollection(node, 'a')
  const { applied } = node.writePort.submit({
    collectionId,
    generation: 0,
    records: [1n, 2n].map((id) => ({ shard: 0, frame: upsertFrame(collectionId, [id]) }))
  })
  const view = () => node.directory().collections.get('a')
  await until(() => view()?.shards[0]?.status.kind === 'stopped')
  expect(node.isReady()).toBe(false)
  expect(() => requireServing(view() as NonNullable<ReturnType<typeof view>>)).toThrow(
    /shard 0 stopped at offset 1: .*could not allocate/
  )
  shard?.stopAt.clear()
  expect((await applied).map(({ offset }) => offset)).toEqual([1n, 2n])
  await until(() => node.isReady())
})

test('a bug in apply restarts the replica, which replays to the same state', async () => {
  let opened = 0
  const node = await modelNode(await openLog(), (shard) => {
    opened += 1
    if (opened === 1) shard.throwAt = 1n
  })
  const collectionId = await createCollection(node, 'a')
  const { applied } = node.writePort.submit({
    collectionId,
    generation: 0,
    records: [{ shard: 0, frame: upsertFrame(collectionId, [1n]) }]
  })
  expect(await applied).toMatchObject([{ offset: 1n, affected: 1 }])
  expect(opened).toBe(2)
  expect(node.describe()[0]?.shards[0]).toMatchObject({ supervisor: 'running', points: '1' })
})

test('a deleted collection is gone from directory and log, and waiting writes are told', async () => {
  const log = await openLog()
  const node = await modelNode(log, (shard) => shard.stopAt.add(1n))
  const collectionId = await createCollection(node, 'a')
  const { applied } = node.writePort.submit({
    collectionId,
    generation: 0,
    records: [{ shard: 0, frame: upsertFrame(collectionId, [1n]) }]
  })
  const told = expect(applied).rejects.toMatchObject({ code: 'MILLRACE_COLLECTION_NOT_FOUND' })
  await node.controlPort.propose({ type: 'deleteCollection', name: 'a' })
  await told
  expect(node.directory().collections.size).toBe(0)
  expect((await log.topics()).map(({ topic }) => topic)).toEqual(['millrace.meta'])
  expect([...node.shards.values()].every(({ isClosed }) => isClosed)).toBe(true)
})

test('a topic that a crash left behind is removed at the next start', async () => {
  const log = await openLog()
  const first = await modelNode(log)
  const id = await createCollection(first, 'a')
  await first.controlPort.propose({ type: 'deleteCollection', name: 'a' })
  await first.stop()
  await log.createTopic(`c${id}.g0`, { partitions: 1 })
  await modelNode(log)
  expect((await log.topics()).map(({ topic }) => topic)).toEqual(['millrace.meta'])
})

test('a topic of a collection that another node has created since is no leftover', async () => {
  const log = await openLog()
  await log.createTopic('c99.g0', { partitions: 1 })
  await modelNode(log)
  expect((await log.topics()).map(({ topic }) => topic)).toContain('c99.g0')
})

test('P5 a read barrier waits for the offset, and gives the lag when time is up', async () => {
  const node = await modelNode(await openLog())
  const collectionId = await createCollection(node, 'a')
  const at = { collectionId, generation: 0, shard: 0 }
  expect(await node.barrier.reach({ ...at, offset: 0n, timeoutMs: 1000 })).toBeUndefined()
  expect(await node.barrier.reach({ ...at, offset: 5n, timeoutMs: 20 })).toBe(5)
  const reached = node.barrier.reach({ ...at, offset: 1n, timeoutMs: 5000 })
  await node.writePort.submit({
    collectionId,
    generation: 0,
    records: [{ shard: 0, frame: upsertFrame(collectionId, [1n]) }]
  }).applied
  expect(await reached).toBeUndefined()
})

test('a draining node refuses writes with a retryable error', async () => {
  const node = await modelNode(await openLog())
  const collectionId = await createCollection(node, 'a')
  node.drain()
  const submit = () => node.writePort.submit({ collectionId, generation: 0, records: [] })
  expect(submit).toThrow(EngineError)
  expect(submit).toThrow('the node is stopping')
})

test('P4 P9 on a full disk writes are refused with 507 and reads go on, and with space writes go on by themselves', async () => {
  const files = new FaultyFiles()
  const log = await openEmbeddedLog({ folder: '/log', files, segmentBytes: 1 << 20 })
  onTestFinished(() => log.close())
  const node = await modelNode(log)
  const collectionId = await createCollection(node, 'a')
  const write = (id: bigint) =>
    node.writePort.submit({
      collectionId,
      generation: 0,
      records: [{ shard: 0, frame: upsertFrame(collectionId, [id]) }]
    })
  await write(1n).applied

  files.onCall = (call) => (call === 'write' ? { errno: 'ENOSPC', partialBytes: 64 } : undefined)
  const refused = write(2n)
  const error = await refused.durable.catch((cause: unknown) => cause)
  expect(error).toMatchObject({ code: 'MILLRACE_LOG_FULL', retryable: true })
  expect((error as EngineError).kind.http).toBe(507)
  await expect(refused.applied).rejects.toMatchObject({ code: 'MILLRACE_LOG_FULL' })
  expect(node.isReady()).toBe(true)

  files.onCall = () => undefined
  expect(await write(3n).applied).toMatchObject([{ affected: 1 }])
  expect([...(node.shards.get(`c${collectionId}.g0/0`)?.ids ?? [])]).toEqual(['1', '3'])
})

test('P8 writes that wait are told when the node stops', async () => {
  const node = await modelNode(await openLog(), (shard) => shard.stopAt.add(1n))
  const collectionId = await createCollection(node, 'a')
  const record = { shard: 0, frame: upsertFrame(collectionId, [1n]) }
  const { applied } = node.writePort.submit({ collectionId, generation: 0, records: [record] })
  const told = expect(applied).rejects.toMatchObject({ code: 'MILLRACE_NODE_DRAINING' })
  await node.stop()
  await told
})

test('a create that waits for its shards is told when the node stops', async () => {
  const node = await modelNode(await openLog(), (shard) => shard.stopAt.add(0n))
  const created = createCollection(node, 'a')
  const told = expect(created).rejects.toMatchObject({ code: 'MILLRACE_NODE_DRAINING' })
  await until(() => node.directory().collections.get('a')?.shards[0]?.status.kind === 'stopped')
  await node.stop()
  await told
})

test('P4 a shard that stopped for good tells the writes that wait for it', async () => {
  const node = await modelNode(await openLog(), (shard) => {
    shard.stopAt.add(1n)
    shard.stopCode = 'MILLRACE_RECORD_FORMAT_NEWER'
  })
  const collectionId = await createCollection(node, 'a')
  const record = { shard: 0, frame: upsertFrame(collectionId, [1n]) }
  const { applied } = node.writePort.submit({ collectionId, generation: 0, records: [record] })
  await expect(applied).rejects.toMatchObject({
    code: 'MILLRACE_SHARD_STOPPED',
    details: { shard: 0, offset: '1' }
  })
  expect(node.directory().collections.get('a')?.shards[0]?.status.kind).toBe('stopped')
})

test('P4 a damaged partition tells the writes that wait for it', async () => {
  const log = await openLog()
  const node = await modelNode(log)
  const collectionId = await createCollection(node, 'a')
  const damaged = new EngineError('MILLRACE_LOG_CORRUPT', { file: 'f', reason: 'a test' })
  log.read = () => Promise.reject(damaged)
  const record = { shard: 0, frame: upsertFrame(collectionId, [1n]) }
  const { applied } = node.writePort.submit({ collectionId, generation: 0, records: [record] })
  await expect(applied).rejects.toMatchObject({ code: 'MILLRACE_SHARD_STOPPED' })
})

test('a failed replica is closed before its next attempt, and nobody waits at it', async () => {
  const opened: ModelShard[] = []
  const node = await modelNode(await openLog(), (shard) => {
    opened.push(shard)
    if (opened.length === 1) shard.throwAt = 0n
  })
  await createCollection(node, 'a')
  expect(opened.map(({ isClosed }) => isClosed)).toEqual([true, false])
})

test('a node stops in bounded time while a deletion cannot be done', async () => {
  const log = await openLog()
  const node = await modelNode(log)
  await createCollection(node, 'a')
  log.deleteTopic = () =>
    Promise.reject(new EngineError('MILLRACE_LOG_FAILED', { file: 'f', reason: 'a test' }))
  const deleted = node.controlPort.propose({ type: 'deleteCollection', name: 'a' })
  await until(() => node.directory().collections.size === 0)
  await node.stop()
  await deleted
})

test('a replica that its supervisor gave up on refuses reads and tells the writes that wait', async () => {
  let isBroken = false
  const node = await modelNode(await openLog(), (shard) => {
    if (isBroken) shard.throwAt = 0n
  })
  const collectionId = await createCollection(node, 'a')
  isBroken = true
  const shard = node.shards.get(`c${collectionId}.g0/0`)
  if (shard !== undefined) shard.throwAt = 1n
  const write = () => {
    const records = [{ shard: 0, frame: upsertFrame(collectionId, [1n]) }]
    return node.writePort.submit({ collectionId, generation: 0, records }).applied
  }
  await expect(write()).rejects.toMatchObject({ code: 'MILLRACE_ACTOR_HALTED' })
  expect(node.directory().collections.get('a')?.shards[0]?.status).toMatchObject({
    kind: 'stopped',
    reason: expect.stringContaining('gave up after 5 attempts')
  })
  // A gateway in a worker may have sent one before it knew.
  await expect(write()).rejects.toMatchObject({ code: 'MILLRACE_ACTOR_HALTED' })
})

test('a write that is appended between the stop of a collection and the end of its topic is told so', async () => {
  const log = await openLog()
  const node = await modelNode(log)
  const collectionId = await createCollection(node, 'a')
  const deleteTopic = log.deleteTopic.bind(log)
  let outcome: Promise<unknown> = Promise.resolve()
  log.deleteTopic = async (topic) => {
    const records = [{ shard: 0, frame: upsertFrame(collectionId, [1n]) }]
    const { durable, applied } = node.writePort.submit({ collectionId, generation: 0, records })
    outcome = applied
    await durable
    await deleteTopic(topic)
  }
  await node.controlPort.propose({ type: 'deleteCollection', name: 'a' })
  await expect(outcome).rejects.toMatchObject({ code: 'MILLRACE_COLLECTION_NOT_FOUND' })
})

test('a node that cannot follow its metadata says so to itself and to those who propose', async () => {
  const log = await openLog()
  const node = await modelNode(log)
  const damaged = new EngineError('MILLRACE_LOG_CORRUPT', { file: 'f', reason: 'a test' })
  log.read = () => Promise.reject(damaged)
  await expect(createCollection(node, 'a')).rejects.toBe(damaged)
  await expect(node.failed).rejects.toBe(damaged)
  await expect(createCollection(node, 'b')).rejects.toBe(damaged)
})

test('a shard that replays shows how far it is behind', async () => {
  const log = await openLog()
  const first = await modelNode(log)
  const collectionId = await createCollection(first, 'a')
  const records = [1n, 2n, 3n].map((id) => ({ shard: 0, frame: upsertFrame(collectionId, [id]) }))
  await first.writePort.submit({ collectionId, generation: 0, records }).applied
  await first.stop()

  const read = log.read.bind(log)
  log.read = (topic, partition, from) => read(topic, partition, from, { maxBytes: 1 })
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const second = await modelNode(log, (shard) => {
    const apply = shard.apply.bind(shard)
    shard.apply = async (batch) => {
      if (batch.offsets[0] === 2n) await released
      return apply(batch)
    }
  })
  onTestFinished(() => release())
  const status = () => second.directory().collections.get('a')?.shards[0]?.status
  const lag = () => Number(Reflect.get(status() ?? {}, 'lagRecords'))
  await until(() => lag() > 0)
  expect(status()).toEqual({ kind: 'recovering', lagRecords: 3 })
})

test('the records that a shard has not applied are counted exactly', async () => {
  const node = await modelNode(await openLog(), (shard) => shard.stopAt.add(2n))
  const collectionId = await createCollection(node, 'a', 1)
  const submit = (id: bigint) =>
    node.writePort.submit({
      collectionId,
      generation: 0,
      records: [{ shard: 0, frame: upsertFrame(collectionId, [id]) }]
    })
  await submit(1n).applied
  expect(node.describe()[0]?.shards[0]?.lagRecords).toBe(0)
  await Promise.all([2n, 3n, 4n].map((id) => submit(id).durable))
  expect(node.describe()[0]?.shards[0]).toMatchObject({ nextOffset: '2', lagRecords: 3 })
})

test('a patch and an alias are in the directory at once, and again after a restart', async () => {
  const folder = temporaryFolder()
  const log = await openLog(folder)
  const node = await modelNode(log)
  const collectionId = await createCollection(node, 'a', 2)
  const before = node.directory().collections.get('a')
  await node.controlPort.propose({
    type: 'updateCollection',
    name: 'a',
    patch: { metadata: { b: 1 } }
  })
  const create_alias = { collection_name: 'a', alias_name: 'other' }
  await node.controlPort.propose({ type: 'changeAliases', actions: [{ create_alias }] })
  const shows = ({ collections, aliases }: ReturnType<typeof node.directory>) => ({
    id: collections.get('a')?.id,
    metadata: collections.get('a')?.spec.request.metadata,
    aliases: [...aliases]
  })
  const expected = { id: collectionId, metadata: { b: 1 }, aliases: [['other', 'a']] }
  expect(shows(node.directory())).toEqual(expected)
  // Caches are keyed by it.
  expect(node.directory().collections.get('a')?.shardOfBucket).toBe(before?.shardOfBucket)
  await node.stop()
  await log.close()
  const restarted = await modelNode(await openLog(folder))
  expect(shows(restarted.directory())).toEqual(expected)
})
