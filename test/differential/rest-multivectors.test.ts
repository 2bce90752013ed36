import { expect, test } from 'vitest'
import { toByte, toHalf } from '../support/halves.ts'
import { Random } from '../support/random.ts'
import { restServer } from '../support/rest-server.ts'
import { testSeed } from '../support/seed.ts'

const rest = restServer()
const random = new Random(testSeed())

type Vector = readonly number[]
interface Hit {
  readonly id: number
  readonly score: number
}

const size = 5
const lengthOf = (vector: Vector) => Math.hypot(...vector)
const unit = (vector: Vector) => vector.map((value) => value / (lengthOf(vector) || 1))

function stored(vector: Vector, datatype: string, distance: string): Vector {
  if (datatype === 'uint8') return vector.map(toByte)
  const whole = distance === 'Cosine' ? unit(vector) : vector
  return whole.map((value) => (datatype === 'float16' ? toHalf(Math.fround(value)) : value))
}

/** Larger is better. */
function similarity(a: Vector, b: Vector, datatype: string, distance: string): number {
  const sum = (term: (x: number, y: number) => number) =>
    a.reduce((total, value, at) => total + term(value, b[at] ?? 0), 0)
  if (distance === 'Euclid') return -sum((x, y) => (x - y) ** 2)
  if (distance === 'Manhattan') return -sum((x, y) => Math.abs(x - y))
  const dot = sum((x, y) => x * y)
  const isUnit = distance === 'Dot' || datatype !== 'uint8'
  return isUnit ? dot : dot / (lengthOf(a) * lengthOf(b) || 1)
}

/** As it is reported. */
function maxSim(query: readonly Vector[], rows: readonly Vector[], kind: Kind): number {
  const { datatype, distance } = kind
  const total = query.reduce(
    (sum, one) => sum + Math.max(...rows.map((row) => similarity(one, row, datatype, distance))),
    0
  )
  if (distance === 'Euclid') return Math.sqrt(Math.abs(total))
  return distance === 'Manhattan' ? Math.abs(total) : total
}

interface Kind {
  readonly datatype: string
  readonly distance: string
}

const kinds: readonly Kind[] = ['float32', 'float16', 'uint8'].flatMap((datatype) =>
  ['Cosine', 'Dot', 'Euclid', 'Manhattan'].map((distance) => ({ datatype, distance }))
)

const rowsOf = (count: number): Vector[] =>
  Array.from({ length: count }, () => Array.from({ length: size }, () => random.float(-5, 15)))

test.each(kinds)(
  'nearest multivectors of $datatype by $distance are those of brute force',
  async (kind) => {
    const { datatype, distance } = kind
    const name = `/collections/${datatype}-${distance}`
    const multivector_config = { comparator: 'max_sim' }
    await rest.client.call('PUT', name, {
      vectors: { size, distance, datatype, multivector_config },
      shard_number: 2
    })
    const asStored = (rows: readonly Vector[]) => rows.map((row) => stored(row, datatype, distance))
    const points = new Map<number, readonly Vector[]>()
    for (let round = 0; round < 4; round++) {
      const written = Array.from({ length: 40 }, () => ({
        id: random.below(150),
        vector: rowsOf(1 + random.below(7))
      }))
      await rest.client.call('PUT', `${name}/points?wait=true`, { points: written })
      for (const { id, vector } of written) points.set(id, asStored(vector))
      const gone = Array.from({ length: 5 }, () => random.below(150))
      await rest.client.call('POST', `${name}/points/delete?wait=true`, { points: gone })
      for (const id of gone) points.delete(id)
      for (let asked = 0; asked < 4; asked++) {
        const query = rowsOf(1 + random.below(4))
        const limit = 1 + random.below(30)
        const body = { query: query.length === 1 ? query[0] : query, limit }
        const answer = await rest.client.call('POST', `${name}/points/query`, body)
        const hits = (answer['result'] as { points: Hit[] }).points
        const isSimilarity = distance === 'Cosine' || distance === 'Dot'
        const scores = new Map(
          [...points].map(([id, rows]) => [id, maxSim(asStored(query), rows, kind)])
        )
        const wanted = [...scores.values()].sort((a, b) => (isSimilarity ? b - a : a - b))
        expect(hits).toHaveLength(Math.min(limit, points.size))
        hits.forEach(({ id, score }, rank) => {
          // As for single vectors, once for each vector of the query.
          const isRounded = datatype === 'float16' && distance === 'Cosine'
          const near = (of: number) =>
            Math.abs(score - of) <= (isRounded ? 4e-3 : 1e-4) * Math.max(1, Math.abs(of))
          expect(near(scores.get(id) ?? Number.NaN)).toBe(true)
          expect(near(wanted[rank] ?? Number.NaN)).toBe(true)
        })
      }
    }
  }
)
