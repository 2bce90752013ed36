/** Random operations over REST against a plain model. A failing sequence is printed as JSON lines. */
import { expect, test } from 'vitest'
import { evenBucketMap } from '../../src/domain/buckets.ts'
import { bucketOf, parsePointIds } from '../../src/engine/index.ts'
import { Random } from '../support/random.ts'
import { restServer } from '../support/rest-server.ts'
import { testSeed } from '../support/seed.ts'
import {
  type Id,
  type ModelPoint,
  type Operation,
  PointsModel,
  payloadTextOf
} from './points-model.ts'
import { RandomOperations, vectorSizes } from './random-operations.ts'

const rest = restServer()
const shards = 3
const shardOfBucket = evenBucketMap(shards)
const shardOf = (id: Id) => shardOfBucket[bucketOf(parsePointIds([String(id)]), 0)] ?? 0

const routes: Readonly<Record<string, readonly [string, string]>> = {
  upsert: ['PUT', ''],
  delete: ['POST', '/delete'],
  set_payload: ['POST', '/payload'],
  overwrite_payload: ['PUT', '/payload'],
  delete_payload: ['POST', '/payload/delete'],
  clear_payload: ['POST', '/payload/clear'],
  update_vectors: ['PUT', '/vectors'],
  delete_vectors: ['POST', '/vectors/delete']
}

/** A collection of its own for each run. */
async function createCollection(name: string): Promise<string> {
  await rest.client.call('PUT', `/collections/${name}`, {
    shard_number: shards,
    vectors: Object.fromEntries(
      Object.entries(vectorSizes).map(([vector, size]) => [
        vector,
        { size, distance: vector === 'a' ? 'Dot' : 'Manhattan' }
      ])
    )
  })
  return `/collections/${name}/points`
}

async function send(points: string, operations: readonly Operation[], isBatch: boolean) {
  const [first] = operations
  const [method, path] = isBatch ? ['POST', '/batch'] : (routes[first?.name ?? ''] ?? ['POST', ''])
  const body = isBatch
    ? { operations: operations.map(({ name, body }) => ({ [name]: body })) }
    : first?.body
  return rest.client.send(method, `${points}${path}?wait=true`, body)
}

interface Shown {
  readonly id: Id
  readonly payload: string
  readonly vectors: ModelPoint['vectors']
}

async function scroll(points: string, filter?: object): Promise<Shown[]> {
  const answer = await rest.client.call('POST', `${points}/scroll`, {
    limit: 1000,
    with_vector: true,
    ...(filter && { filter })
  })
  const { points: records } = answer['result'] as {
    points: { id: Id; payload: object; vector: ModelPoint['vectors'] }[]
  }
  return records.map(({ id, payload, vector }) => ({
    id,
    // As a text: the order of keys counts.
    payload: JSON.stringify(payload),
    vectors: vector
  }))
}

/** All numbers before all UUIDs. */
function inIdOrder(points: readonly ModelPoint[]): Shown[] {
  const rank = (id: Id) => (typeof id === 'number' ? String(id).padStart(3, '0') : `u${id}`)
  return [...points]
    .sort((a, b) => (rank(a.id) < rank(b.id) ? -1 : 1))
    .map((point) => ({ id: point.id, payload: payloadTextOf(point), vectors: point.vectors }))
}

async function expectReads(points: string, model: PointsModel, random: RandomOperations) {
  const filter = random.filter()
  const wanted = inIdOrder(model.matching(filter))
  const note = JSON.stringify(filter)
  expect(await scroll(points, filter), note).toEqual(wanted)
  const count = await rest.client.call('POST', `${points}/count`, { filter })
  expect(count['result'], note).toEqual({ count: wanted.length })

  const query = random.vector('a')
  const answer = await rest.client.call('POST', `${points}/query`, {
    query,
    using: 'a',
    filter,
    limit: 50
  })
  const { points: hits } = answer['result'] as { points: { id: Id; score: number }[] }
  const scored = wanted.flatMap(({ id, vectors: { a } }) =>
    a === undefined ? [] : [{ id, score: a.reduce((sum, x, at) => sum + x * (query[at] ?? 0), 0) }]
  )
  const byScore = (a: { score: number }, b: { score: number }) => b.score - a.score
  expect(
    hits.map(({ score }) => score),
    note
  ).toEqual(scored.sort(byScore).map(({ score }) => score))
  expect(new Set(hits.map(({ id }) => id)), note).toEqual(new Set(scored.map(({ id }) => id)))
}

async function runSequence(name: string, seed: number, steps: number) {
  const dice = new Random(seed)
  const random = new RandomOperations(dice)
  const model = new PointsModel(shards, Object.keys(vectorSizes), shardOf)
  const points = await createCollection(name)
  const log: string[] = []
  try {
    for (let step = 0; step < steps; step++) {
      const isBatch = dice.chance(0.3)
      const operations = Array.from({ length: isBatch ? dice.below(6) : 1 }, () =>
        random.operation()
      )
      log.push(JSON.stringify({ step, isBatch, operations }))
      const missing = model.apply(operations)
      const answer = await send(points, operations, isBatch)
      const outcome = [answer.status, (answer.body['status'] as { error?: string }).error]
      expect(outcome, `step ${step}`).toEqual(
        missing === undefined
          ? [200, undefined]
          : [404, `Not found: No point with id ${missing} found`]
      )
      expect(await scroll(points), `step ${step}`).toEqual(inIdOrder([...model.points.values()]))
      await expectReads(points, model, random)
    }
  } catch (cause) {
    console.log(`SEED=${seed}\n${log.slice(-12).join('\n')}`)
    throw cause
  }
}

test('operations and filters over REST do what the plain model does', {
  timeout: 300_000
}, async () => {
  const seed = testSeed('REST operations')
  const sequences = Number(process.env['RUNS'] ?? 2)
  for (let sequence = 0; sequence < sequences; sequence++) {
    await runSequence(`random${sequence}`, seed + sequence, 120)
  }
})
