import { expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import { restServer } from '../support/rest-server.ts'
import { testSeed } from '../support/seed.ts'

const rest = restServer()
const random = new Random(testSeed())
const name = '/collections/sparse'

type Entries = ReadonlyMap<number, number>
interface Hit {
  readonly id: number
  readonly score: number
}

const below = (n: number) => random.below(n)

/** Small indices often, so that vectors share some. */
function entries(count: number): Entries {
  return new Map(
    Array.from({ length: count }, () => [
      Math.floor(300 ** random.next()) - 1,
      // Mostly few different values, so that scores tie; and some that smaller datatypes round.
      below(4) === 0
        ? Math.fround(random.next() * 5 - 1)
        : (1 + below(8)) / 4 - (below(5) === 0 ? 3 : 0)
    ])
  )
}

const asVector = (of: Entries) => ({ indices: [...of.keys()], values: [...of.values()] })

/** Products added as f32, by rising index. */
function scoreOf(query: Entries, vector: Entries): number {
  const shared = [...vector.keys()].filter((index) => query.has(index)).sort((a, b) => a - b)
  return shared.reduce((sum, index) => {
    const product = Math.fround((query.get(index) ?? 0) * (vector.get(index) ?? 0))
    return Math.fround(sum + product)
  }, 0)
}

function expected(stored: ReadonlyMap<number, Entries>, query: Entries, limit: number): Hit[] {
  return [...stored]
    .map(([id, vector]) => ({ id, score: scoreOf(query, vector) }))
    .filter(({ score }) => score !== 0)
    .sort((a, b) => b.score - a.score || b.id - a.id)
    .slice(0, limit)
}

const datatypes = ['float32', 'float16', 'uint8']

test('sparse queries over two shards find what brute force finds while points come and go, whatever the datatype of the index', async () => {
  const indexes = datatypes.map((datatype) => [datatype, { index: { datatype } }])
  const body = { sparse_vectors: Object.fromEntries(indexes), shard_number: 2 }
  await rest.client.call('PUT', name, body)
  const stored = new Map<number, Entries>()
  for (let round = 0; round < 12; round++) {
    const points = Array.from({ length: 150 }, () => ({ id: below(1200), of: entries(below(20)) }))
    await rest.client.call('PUT', `${name}/points?wait=true`, {
      points: points.map(({ id, of }) => ({
        id,
        vector: Object.fromEntries(datatypes.map((datatype) => [datatype, asVector(of)]))
      }))
    })
    for (const { id, of } of points) stored.set(id, of)
    const gone = Array.from({ length: 20 }, () => below(1200))
    await rest.client.call('POST', `${name}/points/delete?wait=true`, { points: gone })
    for (const id of gone) stored.delete(id)
    for (let asked = 0; asked < 5; asked++) {
      const query = entries(1 + below(12))
      const [limit, offset] = [1 + below(40), below(4)]
      const wanted = expected(stored, query, limit + offset).slice(offset)
      for (const using of datatypes) {
        const body = { query: asVector(query), using, limit, offset }
        const answer = await rest.client.call('POST', `${name}/points/query`, body)
        const hits = (answer['result'] as { points: Hit[] }).points
        expect(hits.map(({ id, score }) => ({ id, score: Math.fround(score) }))).toEqual(wanted)
      }
    }
  }
})
