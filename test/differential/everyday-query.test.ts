/** Two ways lead from a query's body to its answer, the native one and the schema's: both must answer alike. */
import { beforeAll, expect, test } from 'vitest'
import { Random } from '../support/random.ts'
import { restServer } from '../support/rest-server.ts'
import { testSeed } from '../support/seed.ts'

const rest = restServer()
const random = new Random(testSeed())
const dimension = 8
const points = 400

/** Each is an f32: of a number in the middle between two, the native path rounds the text and the schema's the double. */
const component = () =>
  Math.fround(random.pick([0, 1, -0.5, random.next(), random.next() * 2e3 - 1e3]))
const vector = () => Array.from({ length: dimension }, component)

beforeAll(async () => {
  const vectors = {
    '': { size: dimension, distance: 'Cosine' },
    far: { size: dimension, distance: 'Euclid' }
  }
  await rest.client.call('PUT', '/collections/both', { vectors, shard_number: 3 })
  const list = Array.from({ length: points }, (_, id) => ({
    id,
    vector: random.chance(0.8) ? { '': vector(), far: vector() } : { far: vector() },
    payload: { id, text: 'ü"\\' }
  }))
  await rest.client.call('PUT', '/collections/both/points?wait=true', { points: list })
})

/** A body for the native path; with `1e0` for the limit's last digit the same one is left to the schema. */
function bodies(form: 'query' | 'search'): { native: string; schema: string } {
  const using = random.pick(['', 'far'])
  const limit = 1 + random.below(40)
  const parts: Record<string, unknown> = { limit }
  if (form === 'query') {
    parts['query'] = random.chance(0.5) ? vector() : { nearest: vector() }
    if (using !== '') parts['using'] = using
  } else parts['vector'] = using === '' ? vector() : { name: using, vector: vector() }
  if (random.chance(0.5)) parts['offset'] = random.below(30)
  if (random.chance(0.5)) parts['with_payload'] = random.chance(0.7)
  if (random.chance(0.5)) parts['with_vector'] = random.chance(0.7)
  if (random.chance(0.3)) parts['score_threshold'] = Math.fround(random.next())
  if (random.chance(0.3)) parts['params'] = { exact: random.chance(0.5), hnsw_ef: 64 }
  if (random.chance(0.2)) parts['filter'] = null
  const native = JSON.stringify(parts)
  return { native, schema: native.replace(`"limit":${limit}`, `"limit":${limit}e0`) }
}

test.each(['query', 'search'] as const)(
  'a %s is answered alike by the native path and by the schema path',
  async (form) => {
    const answer = async (body: string) => {
      const response = await fetch(`${rest.url}/collections/both/points/${form}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body
      })
      const text = await response.text()
      return { status: response.status, text: text.replace(/"time":[\d.e-]+/, '') }
    }
    for (let round = 0; round < 150; round++) {
      const { native, schema } = bodies(form)
      expect(await answer(native), native).toEqual(await answer(schema))
    }
  }
)
