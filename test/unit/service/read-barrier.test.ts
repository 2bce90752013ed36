import { expect, test } from 'vitest'
import type { ShardDirectory, ShardStatus } from '../../../src/domain/directory.ts'
import type { ReadBarrier } from '../../../src/domain/ports.ts'
import type { ReadOptions, ServiceContext } from '../../../src/service/index.ts'
import { readableCollection } from '../../../src/service/read-barrier.ts'
import { specOf } from '../../support/model-node.ts'

const replaying = (targetOffset: bigint): ShardStatus => ({
  kind: 'replaying',
  nextOffset: 3n,
  targetOffset,
  lagRecords: Number(targetOffset) - 3,
  recordsPerSecond: 10,
  etaMs: 100
})

function directoryOf(statuses: readonly ShardStatus[]): ShardDirectory {
  const shards = statuses.map((status, shard) => ({ shard, key: `c1.g0/${shard}`, status }))
  const view = {
    name: 'a',
    id: 1n,
    generation: 0,
    schemaVersion: 1,
    spec: specOf(statuses.length),
    shardOfBucket: new Uint16Array(4096),
    shards
  }
  return { version: 1, collections: new Map([['a', view]]), aliases: new Map() }
}

type Reach = Parameters<ReadBarrier['reach']>[0]

/** Reads the collection `a`, whose barrier says that `missing` records are missing. */
async function read(
  statuses: readonly ShardStatus[],
  missing: (request: Reach) => number | undefined,
  options: Partial<ReadOptions> = {}
) {
  const asked: Reach[] = []
  const lags: number[] = []
  const context = {
    directory: () => directoryOf(statuses),
    barrier: {
      reach: async (request: Reach) => {
        asked.push(request)
        return missing(request)
      }
    },
    limits: { replayWaitMs: 250, requestTimeoutMs: 60_000 }
  } as unknown as ServiceContext
  await readableCollection(context, 'a', {
    after: undefined,
    timeoutMs: undefined,
    startedAt: 0n,
    onLag: (lag) => lags.push(lag),
    ...options
  })
  return { asked, lags }
}

test('a read of running shards waits for nothing and has no mark', async () => {
  const { asked, lags } = await read([{ kind: 'running' }], () => 1)
  expect([asked, lags]).toEqual([[], []])
})

test('a read waits briefly for shards that replay, up to the end that the log had at the start', async () => {
  const { asked, lags } = await read(
    [{ kind: 'running' }, replaying(9n), replaying(20n)],
    () => undefined
  )
  expect(asked.map(({ shard, offset, timeoutMs }) => [shard, offset, timeoutMs])).toEqual([
    [1, 8n, 250],
    [2, 19n, 250]
  ])
  expect(lags).toEqual([])
})

test('a read that has waited long enough is answered, and says how many records it may lack', async () => {
  const { lags } = await read([replaying(9n), replaying(20n)], ({ offset }) => Number(offset) - 2)
  expect(lags).toEqual([6 + 17])
})

test('a read with a shorter timeout does not wait longer than that', async () => {
  const { asked } = await read([replaying(9n)], () => 6, { timeoutMs: 40 })
  expect(asked[0]?.timeoutMs).toBe(40)
})

test('a shard without any state refuses reads', async () => {
  const recovering: ShardStatus = { kind: 'recovering', lagRecords: 5 }
  await expect(read([recovering], () => undefined)).rejects.toMatchObject({
    code: 'MILLRACE_SHARD_RECOVERING'
  })
})
