import { expect, test } from 'vitest'
import { diskResource, type Node, systemClock, WriteGuard } from '../../actors/index.ts'
import { specOfRequest } from '../../src/domain/collection.ts'
import { isEngineError } from '../../src/errors/index.ts'
import { DiskSpace, type EmbeddedLog } from '../../streams/index.ts'
import { becomesReady } from '../support/crash-recording.ts'
import { MemoryFiles } from '../support/memory-files.ts'
import { deleteFrame, openLoadLog, startLoadNode, upsertFrame } from '../support/node-load.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'

const spec = specOfRequest({ vectors: { size: 3, distance: 'Dot' } })

interface Running {
  readonly node: Node
  readonly log: EmbeddedLog
  stop(): Promise<void>
}

async function running(files: MemoryFiles, guard?: WriteGuard): Promise<Running> {
  const log = await openLoadLog(files)
  const node = await startLoadNode(log, {
    files,
    clock: systemClock,
    producerId: BigInt(files.image().files.size + 1),
    ...(guard === undefined ? {} : { guard })
  })
  await becomesReady(node)
  const stop = async () => {
    await node.stop()
    await log.close()
  }
  return { node, log, stop }
}

async function write(node: Node, frames: readonly Uint8Array[]): Promise<void> {
  const [view] = node.directory().collections.values()
  if (view === undefined) throw new Error('no collection')
  const { id: collectionId, generation } = view
  const records = frames.map((frame) => ({ shard: 0, frame }))
  await node.writePort.submit({ collectionId, generation, records }).applied
}

const stateOf = (node: Node) => node.describe()[0]?.shards[0]

test('P1 P4 a full disk refuses writes, keeps what was acknowledged, and a node starts on it, reads, and goes on by itself', async () => {
  const random = new Random(testSeed('full disk'))
  const files = new MemoryFiles()
  const first = await running(files)
  await first.node.controlPort.propose({ type: 'createCollection', name: 'c', spec })
  const ids = Array.from({ length: 5 }, (_, i) => BigInt(i))
  const upsert = () => upsertFrame(0n, ids, random)
  await write(first.node, [upsert()])
  files.capacity = 30_000
  let accepted = 1
  const refusals: unknown[] = []
  while (refusals.length < 5) {
    await write(first.node, [upsert()]).then(
      () => accepted++,
      (error: unknown) => refusals.push(error)
    )
  }
  expect(accepted).toBeGreaterThan(5)
  for (const error of refusals) expect(isEngineError(error, 'MILLRACE_LOG_FULL')).toBe(true)
  const before = stateOf(first.node)
  expect(before?.nextOffset).toBe(String(accepted + 1))
  await first.stop()

  // Nothing at all can be written at this start.
  files.capacity = 0
  const second = await running(files)
  expect(second.node.isReady()).toBe(true)
  expect(stateOf(second.node)?.digest).toBe(before?.digest)
  await expect(write(second.node, [upsert()])).rejects.toMatchObject({ code: 'MILLRACE_LOG_FULL' })
  expect(stateOf(second.node)?.digest).toBe(before?.digest)
  files.capacity = 1_000_000
  await write(second.node, [upsert()])
  expect(stateOf(second.node)?.nextOffset).toBe(String(accepted + 2))
  const after = stateOf(second.node)
  await second.stop()
  const third = await running(files)
  expect(stateOf(third.node)?.digest).toBe(after?.digest)
  await third.stop()
})

test('P4 a low disk refuses what needs space before anything of it is appended, and writes resume past the margin', async () => {
  const random = new Random(testSeed('low disk'))
  const files = new MemoryFiles()
  files.capacity = 1_000_000
  const space = await DiskSpace.watch({
    files,
    folder: '/',
    minFreeBytes: 100_000,
    marginBytes: 50_000,
    onChange: () => {},
    onFailure: (error) => expect.fail(String(error))
  })
  const guard = new WriteGuard([diskResource('/data', () => space.state)])
  const { node, log, stop } = await running(files, guard)
  await node.controlPort.propose({ type: 'createCollection', name: 'c', spec })
  const upsert = upsertFrame(0n, [1n, 2n], random)
  const drop = deleteFrame(0n, [1n])
  await write(node, [upsert])
  const withFree = async (bytes: number) => {
    files.capacity += bytes - (await files.freeBytes('/'))
    await space.refresh()
  }
  await withFree(99_999)
  const low = { code: 'MILLRACE_DISK_LOW', details: { minFreeBytes: 100_000 } }
  const { end } = await log.ends('c0.g0', 0)
  await expect(write(node, [drop, upsert])).rejects.toMatchObject(low)
  await expect(
    node.controlPort.propose({ type: 'createCollection', name: 'd', spec })
  ).rejects.toMatchObject(low)
  expect((await log.ends('c0.g0', 0)).end).toBe(end)
  expect(guard.refusals).toBe(2)
  await write(node, [drop])
  expect(stateOf(node)?.points).toBe('1')
  await withFree(149_000)
  await expect(write(node, [upsert])).rejects.toMatchObject(low)
  await withFree(150_000)
  await write(node, [upsert])
  expect(stateOf(node)?.points).toBe('2')
  await node.controlPort.propose({ type: 'deleteCollection', name: 'c' })
  space.close()
  await stop()
})
