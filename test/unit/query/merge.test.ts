import fc from 'fast-check'
import { expect, test } from 'vitest'
import { comparePointIds, type PointId } from '../../../src/domain/point-id.ts'
import { hitEntryBytes, hitId, hitScore, type SearchHits } from '../../../src/engine/index.ts'
import { mergeHits } from '../../../src/query/index.ts'
import { testSeed } from '../../support/seed.ts'

interface Hit {
  readonly id: PointId
  readonly score: number
}

const uuid = (last: number) =>
  `00000000-0000-0000-0000-0000000000${last.toString(16).padStart(2, '0')}`

/** Hits as the engine gives them: best first. */
function hitsOf(largerIsBetter: boolean, list: readonly Hit[]): SearchHits {
  const sorted = sortHits(largerIsBetter, list)
  const entries = Buffer.alloc(sorted.length * hitEntryBytes)
  sorted.forEach(({ id, score }, index) => {
    const at = index * hitEntryBytes
    entries.writeUInt32LE(typeof id === 'string' ? 1 : 0, at)
    entries.writeFloatLE(score, at + 4)
    if (typeof id === 'string') entries.write(id.replaceAll('-', ''), at + 16, 'hex')
    else entries.writeBigUInt64LE(id, at + 16)
  })
  return { entries, largerIsBetter, nextOffset: 0n }
}

function sortHits(largerIsBetter: boolean, list: readonly Hit[]): Hit[] {
  const sign = largerIsBetter ? -1 : 1
  return [...list].sort((a, b) => sign * (a.score - b.score || comparePointIds(a.id, b.id)))
}

function merged(results: readonly SearchHits[], offset: number, limit: number): Hit[] {
  const order = mergeHits(results, offset, limit)
  return Array.from({ length: order.length / 2 }, (_, rank) => {
    const hits = results[order[2 * rank] ?? 0] as SearchHits
    const index = order[2 * rank + 1] ?? 0
    return { id: hitId(hits, index), score: hitScore(hits, index) }
  })
}

test.each([
  [true, [uuid(2), uuid(1), 9n, 2n]],
  [false, [2n, 9n, uuid(1), uuid(2)]]
])('equal scores are ordered by id (larger is better: %s)', (largerIsBetter, ids) => {
  const shards = [
    [9n, uuid(1)],
    [2n, uuid(2)]
  ].map((list) =>
    hitsOf(
      largerIsBetter,
      list.map((id) => ({ id, score: 1 }))
    )
  )
  expect(merged(shards, 0, 10).map(({ id }) => id)).toEqual(ids)
})

test('the page past the last hit is empty', () => {
  const shards = [hitsOf(true, [{ id: 1n, score: 1 }]), hitsOf(true, [])]
  expect(merged(shards, 1, 5)).toEqual([])
  expect(merged([], 0, 5)).toEqual([])
})

test('a page of merged hits is the page of all hits sorted', () => {
  const id = fc.oneof(fc.bigInt(0n, 50n), fc.integer({ min: 0, max: 50 }).map(uuid))
  const list = fc.array(fc.record({ id, score: fc.integer({ min: -3, max: 3 }) }), {
    maxLength: 20
  })
  const small = fc.integer({ min: 0, max: 30 })
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(list, { maxLength: 5 }),
      small,
      small,
      (larger, lists, offset, limit) => {
        const shards = lists.map((one) => hitsOf(larger, one))
        const expected = sortHits(larger, lists.flat()).slice(offset, offset + limit)
        expect(merged(shards, offset, limit)).toEqual(expected)
      }
    ),
    { seed: testSeed() }
  )
})
