import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { type ServerProcess, startServerProcess } from '../../scripts/demo/server-process.ts'
import { decodeFrame, recordKinds } from '../../src/domain/record/index.ts'
import { crc32c } from '../../src/engine/index.ts'
import { inspectRecords } from '../../streams/index.ts'
import { temporaryFolder } from '../support/folders.ts'
import { LogReplay } from '../support/log-replay.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'
import { isLongRun } from '../support/sizes.ts'
import { WriteModel } from '../support/write-model.ts'

const kills = isLongRun ? 200 : 25
/** Checkpoints are written all the time, so that kills meet them. */
const checkpointArgs = ['--checkpoints.everyBytes', '8192', '--checkpoints.everyMs', '150']
const connections = 4
const idsPerConnection = 60
const collections = [
  { name: 'three shards', shards: 3 },
  { name: 'one shard', shards: 1 }
] as const

interface Replica {
  readonly shard: number
  readonly nextOffset: string
  readonly digest: string
}

const path = (name: string, rest = '') => `/collections/${encodeURIComponent(name)}${rest}`

async function ready(server: ServerProcess, client: RestClient): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if ((await client.send('GET', '/readyz')).status === 200) return
    await sleep(20)
  }
  throw new Error(`not ready: ${JSON.stringify(server.log.slice(-5))}`)
}

async function withServer<Result>(
  data: string,
  work: (client: RestClient, server: ServerProcess) => Promise<Result>
): Promise<Result> {
  const server = await startServerProcess(['--data', data, ...checkpointArgs])
  const client = new RestClient(server.port)
  try {
    await ready(server, client)
    return await work(client, server)
  } finally {
    client.close()
    await server.stop('SIGKILL')
  }
}

async function allPoints(client: RestClient, name: string): Promise<Map<number, number>> {
  const answer = await client.call('POST', path(name, '/points/scroll'), {
    limit: 10_000,
    with_payload: true
  })
  const { points } = answer['result'] as { points: { id: number; payload: { op: number } }[] }
  expect(new Set(points.map(({ id }) => id)).size, 'a point came twice').toBe(points.length)
  return new Map(points.map(({ id, payload }) => [id, payload.op]))
}

async function replicas(client: RestClient): Promise<Record<string, Replica[]>> {
  const { result } = await client.call('GET', '/millrace/replicas')
  return Object.fromEntries(
    (result as { collection: string; shards: Replica[] }[]).map(({ collection, shards }) => [
      collection,
      shards.map(({ shard, nextOffset, digest }) => ({ shard, nextOffset, digest }))
    ])
  )
}

async function replicasByTopic(client: RestClient): Promise<ReadonlyMap<string, unknown>> {
  const { result } = await client.call('GET', '/millrace/replicas')
  const found = (result as { id: string; shards: Replica[] }[]).flatMap(({ id, shards }) =>
    shards.map(({ shard, nextOffset, digest }): [string, unknown] => [
      `c${id}.g0/${shard}`,
      { nextOffset, digest }
    ])
  )
  return new Map(found)
}

/** One connection: writes to its own ids, one request after the other, until the server is gone. */
async function load(options: {
  readonly client: RestClient
  readonly models: ReadonlyMap<string, WriteModel>
  readonly connection: number
  readonly random: Random
  readonly nextOperation: () => number
  readonly isOver: () => boolean
}): Promise<void> {
  const { client, models, connection, random } = options
  while (!options.isOver()) {
    const { name } = random.pick(collections)
    const model = models.get(name)
    if (model === undefined) throw new Error('no model')
    const first = connection * idsPerConnection
    const ids = [
      ...new Set(
        Array.from({ length: 1 + random.below(8) }, () => first + random.below(idsPerConnection))
      )
    ]
    const operation = options.nextOperation()
    const isDelete = random.chance(0.3)
    const state = isDelete ? null : operation
    const wait = random.chance(0.5)
    const request = isDelete
      ? (['POST', '/points/delete', { points: ids }] as const)
      : (['PUT', '/points', { points: ids.map((id) => point(id, operation)) }] as const)
    model.begin(ids, state)
    try {
      const answer = await client.send(
        request[0],
        path(name, `${request[1]}?wait=${wait}`),
        request[2]
      )
      expect(answer.status, JSON.stringify(answer.body)).toBe(200)
      model.acknowledge(ids, state)
    } catch (cause) {
      if (options.isOver()) return
      throw cause
    }
  }
}

function point(id: number, op: number) {
  return { id, vector: [id, op, 1], payload: { op } }
}

test(`P1 P3 kill -9 at ${kills} random moments loses no acknowledged write, doubles none and revives none`, {
  timeout: 3_600_000
}, async () => {
  const seed = testSeed()
  const random = new Random(seed)
  const data = temporaryFolder()
  const models = new Map(collections.map(({ name }) => [name as string, new WriteModel()]))
  const replay = new LogReplay(`${data}/log`)
  let operations = 0

  await withServer(data, async (client) => {
    for (const { name, shards } of collections) {
      await client.call('PUT', path(name), {
        vectors: { size: 3, distance: 'Euclid' },
        shard_number: shards
      })
    }
  })

  for (let round = 0; round < kills; round++) {
    await withServer(data, async (client, server) => {
      for (const [name, model] of models) {
        expect(
          model.compare(await allPoints(client, name)),
          `round ${round}, SEED=${seed}`
        ).toEqual([])
      }
      expect(await replicasByTopic(client), `digests in round ${round}, SEED=${seed}`).toEqual(
        await replay.follow()
      )
      let isOver = false
      const loads = Array.from({ length: connections }, (_, connection) =>
        load({
          client,
          models,
          connection,
          random: new Random(seed + round * 100 + connection),
          nextOperation: () => ++operations,
          isOver: () => isOver
        })
      )
      await sleep(20 + random.below(300))
      isOver = true
      await server.stop('SIGKILL')
      await Promise.all(loads)
    })
  }

  const live = await withServer(data, async (client, server) => {
    for (const [name, model] of models) {
      expect(model.compare(await allPoints(client, name)), `at the end, SEED=${seed}`).toEqual([])
    }
    for (const { name } of collections) {
      await client.call('PUT', path(name, '/points?wait=true'), {
        points: [point(1, ++operations)]
      })
      await client.call('POST', path(name, '/points/delete?wait=true'), { points: [2] })
    }
    const found = await replicas(client)
    expect(await server.stop('SIGTERM')).toBe(0)
    return found
  })
  expect(await withServer(data, replicas), `after a clean stop, SEED=${seed}`).toEqual(live)
  rmSync(`${data}/shards`, { recursive: true })
  const replayed = await withServer(data, replicas)
  expect(replayed, `digest of a replay from zero, SEED=${seed}`).toEqual(live)
  await expectEachRecordOnce(data)
  console.info(`${operations} operations, ${kills} kills`)
})

async function expectEachRecordOnce(data: string): Promise<void> {
  const seen = new Set<string>()
  for await (const item of inspectRecords({ folder: `${data}/log`, crc32c })) {
    expect(item.kind).not.toBe('damage')
    if (item.kind !== 'record') continue
    const { producerId, sequence, kind } = decodeFrame(item.bytes, crc32c, item.offset)
    if (kind === recordKinds.metadata) continue
    const name = `${item.topic}/${item.partition} ${producerId}:${sequence}`
    expect(seen.has(name), `${name} stands twice in the log`).toBe(false)
    seen.add(name)
  }
  expect(seen.size).toBeGreaterThan(0)
}
