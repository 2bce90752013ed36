import { expect, test } from 'vitest'
import { MemoryLog } from '../../../streams/index.ts'
import { modelNode, specOf, until, upsertFrame } from '../../support/model-node.ts'

type ModelNode = Awaited<ReturnType<typeof modelNode>>

async function write(node: ModelNode): Promise<void> {
  const spec = specOf(1)
  const verdict = await node.controlPort.propose({ type: 'createCollection', name: 'a', spec })
  if (!verdict.accepted || verdict.collectionId === undefined) throw new Error('not created')
  const { collectionId } = verdict
  const records = [{ shard: 0, frame: upsertFrame(collectionId, [1n]) }]
  await node.writePort.submit({ collectionId, generation: 0, records }).durable
}

const replicaOf = (node: ModelNode) =>
  node.actors().find(({ kind, name }) => kind === 'replica' && name === 'c0.g0/0')

test('an actor that crashes again and again is seen to, and so is that it gave up and whom it told', async () => {
  const node = await modelNode(new MemoryLog(), (shard) => {
    shard.throwAt = 1n
  })
  await write(node)
  await until(() => replicaOf(node)?.health === 'crashLooping')
  expect(replicaOf(node)).toMatchObject({
    collection: 'a',
    restarts: expect.any(Number),
    lastError: expect.stringContaining('a bug in apply')
  })
  expect(node.readiness().reasons).toContainEqual(
    expect.stringMatching(/^replica c0\.g0\/0 is crashLooping \(.* since .*\): .*a bug in apply/)
  )
  await until(() => replicaOf(node)?.health === 'halted')
  expect(replicaOf(node)).toMatchObject({ state: 'halted', restarts: 5 })
  expect(node.isReady()).toBe(false)
  expect(node.actors().find(({ kind }) => kind === 'node')).toMatchObject({
    state: 'serving',
    lastError: expect.stringContaining('replica c0.g0/0 gave up after 5 attempts')
  })
})

test('an actor that does not get on with its work is stuck, and well again when it does', async () => {
  let unblock = () => {}
  const node = await modelNode(new MemoryLog(), {
    stuckAfterMs: 150,
    prepare: (shard) => {
      shard.stopAt.add(1n)
      unblock = () => shard.stopAt.clear()
    }
  })
  await write(node)
  const shardOf = () => node.actors().find(({ kind }) => kind === 'shard')
  await until(() => shardOf()?.health === 'stuck')
  expect(node.readiness().reasons).toContainEqual(
    expect.stringMatching(/^shard c0\.g0\/0 is stuck .*could not allocate/)
  )
  unblock()
  await until(() => node.isReady())
  expect(node.readiness()).toEqual({ isReady: true, reasons: [] })
  expect(shardOf()?.health).toBe('ok')
})
