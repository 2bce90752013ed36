import { expect, test } from 'vitest'
import { toByte, toHalf } from '../support/halves.ts'
import { Random } from '../support/random.ts'
import { restServer } from '../support/rest-server.ts'
import { testSeed } from '../support/seed.ts'

const rest = restServer()
const random = new Random(testSeed())

interface Hit {
  readonly id: number
  readonly score: number
}
type Vector = readonly number[]

const size = 24
const distances = ['Cosine', 'Dot', 'Euclid', 'Manhattan'] as const
const datatypes = ['float16', 'uint8'] as const
const lengthOf = (vector: Vector) => Math.hypot(...vector)
const unit = (vector: Vector) => vector.map((value) => value / (lengthOf(vector) || 1))

/** What is stored of a vector, and what a query becomes. */
function stored(vector: Vector, datatype: string, distance: string): Vector {
  if (datatype === 'uint8') return vector.map(toByte)
  return (distance === 'Cosine' ? unit(vector) : vector).map((value) => toHalf(Math.fround(value)))
}

function scoreOf(query: Vector, vector: Vector, datatype: string, distance: string): number {
  const sum = (term: (a: number, b: number) => number) =>
    query.reduce((total, value, at) => total + term(value, vector[at] ?? 0), 0)
  if (distance === 'Euclid') return Math.sqrt(sum((a, b) => (a - b) ** 2))
  if (distance === 'Manhattan') return sum((a, b) => Math.abs(a - b))
  const dot = sum((a, b) => a * b)
  if (distance === 'Dot' || datatype !== 'uint8') return dot
  return dot / (lengthOf(query) * lengthOf(vector) || 1)
}

const vectorOf = (datatype: string): Vector =>
  Array.from({ length: size }, () =>
    datatype === 'uint8' ? random.float(-20, 280) : random.float(-2, 2)
  )

test.each(datatypes.flatMap((datatype) => distances.map((distance) => ({ datatype, distance }))))(
  'nearest $datatype vectors by $distance are those of brute force while points come and go',
  async ({ datatype, distance }) => {
    const name = `/collections/${datatype}-${distance}`
    await rest.client.call('PUT', name, { vectors: { size, distance, datatype }, shard_number: 2 })
    const points = new Map<number, Vector>()
    for (let round = 0; round < 6; round++) {
      const written = Array.from({ length: 60 }, () => ({
        id: random.below(300),
        vector: vectorOf(datatype)
      }))
      await rest.client.call('PUT', `${name}/points?wait=true`, { points: written })
      for (const { id, vector } of written) points.set(id, stored(vector, datatype, distance))
      const gone = Array.from({ length: 8 }, () => random.below(300))
      await rest.client.call('POST', `${name}/points/delete?wait=true`, { points: gone })
      for (const id of gone) points.delete(id)
      for (let asked = 0; asked < 4; asked++) {
        const query = vectorOf(datatype)
        const limit = 1 + random.below(20)
        const answer = await rest.client.call('POST', `${name}/points/query`, { query, limit })
        const hits = (answer['result'] as { points: Hit[] }).points
        const asStored = stored(query, datatype, distance)
        const scores = new Map(
          [...points].map(([id, vector]) => [id, scoreOf(asStored, vector, datatype, distance)])
        )
        const isSimilarity = distance === 'Cosine' || distance === 'Dot'
        const wanted = [...scores.values()].sort((a, b) => (isSimilarity ? b - a : a - b))
        expect(hits).toHaveLength(Math.min(limit, points.size))
        hits.forEach(({ id, score }, rank) => {
          // Lanes add floats in another order; a query of unit length may be rounded to the next half here and there.
          const tolerance = datatype === 'uint8' ? 1e-6 : distance === 'Cosine' ? 1e-3 : 1e-5
          const near = (of: number) => Math.abs(score - of) <= tolerance * Math.max(1, Math.abs(of))
          expect(near(scores.get(id) ?? Number.NaN)).toBe(true)
          expect(near(wanted[rank] ?? Number.NaN)).toBe(true)
        })
      }
    }
  }
)

test.each(datatypes)(
  '%s vectors read back as the nearest ones that can be stored',
  async (type) => {
    const name = `/collections/read-${type}`
    await rest.client.call('PUT', name, { vectors: { size, distance: 'Dot', datatype: type } })
    const written = Array.from({ length: 200 }, (_, id) => ({
      id,
      vector: vectorOf(type).map((value) => Math.fround(value * 10 ** (random.below(9) - 6)))
    }))
    await rest.client.call('PUT', `${name}/points?wait=true`, { points: written })
    const { result } = await rest.client.call('POST', `${name}/points/scroll`, {
      limit: 200,
      with_vector: true
    })
    const { points } = result as { points: { id: number; vector: number[] }[] }
    for (const { id, vector } of points) {
      const wanted = stored(written[id]?.vector ?? [], type, 'Dot')
      // `-0` and `0` are one number.
      expect(vector.map((value) => Math.fround(value) + 0)).toEqual(
        wanted.map((value) => value + 0)
      )
    }
  }
)
