import { expect, test } from 'vitest'
import type { ShardDirectory, ShardStatus } from '../../../src/domain/directory.ts'
import type { ServiceContext } from '../../../src/service/index.ts'
import { servingCollection } from '../../../src/service/serving-collection.ts'
import { specOf } from '../../support/model-node.ts'

/** A node whose collection `a` has a shard with the status that is asked for at each look. */
function contextOf(statusNow: () => ShardStatus, replayWaitMs: number): ServiceContext {
  const directory = (): ShardDirectory => {
    const shards = [{ shard: 0, key: 'c1.g0/0', status: statusNow() }]
    const shape = { name: 'a', id: 1n, generation: 0, schemaVersion: 1 }
    const view = { ...shape, spec: specOf(1), shardOfBucket: new Uint16Array(4096), shards }
    return { version: 1, collections: new Map([['a', view]]), aliases: new Map() }
  }
  return { directory, limits: { replayWaitMs } } as unknown as ServiceContext
}

const recovering: ShardStatus = { kind: 'recovering', lagRecords: 0 }
const running: ShardStatus = { kind: 'running' }
const stopped: ShardStatus = { kind: 'stopped', offset: 3n, reason: 'full disk' }
const after = (looks: number, then: ShardStatus) => {
  let looked = 0
  return () => (looked++ < looks ? recovering : then)
}

test('a request waits for a shard that the node has just learned of', async () => {
  const view = await servingCollection(contextOf(after(3, running), 10_000), 'a', undefined)
  expect(view.shards[0]?.status).toEqual(running)
})

test('it waits no longer than recovery.readWaitMs, or its own time', async () => {
  const forever = contextOf(() => recovering, 20)
  const refused = { code: 'MILLRACE_SHARD_RECOVERING' }
  await expect(servingCollection(forever, 'a', undefined)).rejects.toMatchObject(refused)
  const patient = contextOf(() => recovering, 600_000)
  await expect(servingCollection(patient, 'a', 20)).rejects.toMatchObject(refused)
})

test('a shard that stops meanwhile, and a collection that is not there, are said at once', async () => {
  const stops = contextOf(after(2, stopped), 600_000)
  const code = (name: string) => ({ code: `MILLRACE_${name}` })
  await expect(servingCollection(stops, 'a', undefined)).rejects.toMatchObject(
    code('SHARD_STOPPED')
  )
  await expect(servingCollection(stops, 'b', undefined)).rejects.toMatchObject(
    code('COLLECTION_NOT_FOUND')
  )
})
