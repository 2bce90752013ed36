import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareIds, itemsOfList, itemsOfPage, responseOf } from '../../../src/query/rendered.ts'
import {
  packHits,
  packSearch,
  unpackHits,
  unpackSearch
} from '../../../src/query/shard-messages.ts'
import { testSeed } from '../../support/seed.ts'

test('ids are ordered as the engine does: numbers, then UUIDs', () => {
  const uuid = (first: string) => `"${first}c56c793-69f3-4fbf-87e6-c4bf54c28c26"`
  const sorted = ['0', '9', '10', '99', '18446744073709551615', uuid('0'), uuid('a')]
  expect([...sorted].reverse().sort(compareIds)).toEqual(sorted)
})

test('a search comes through its message as it was', () => {
  const seed = testSeed('shard messages')
  const plans = fc.record({
    slot: fc.nat(10),
    query: fc.float32Array({ noNaN: true, minLength: 1, maxLength: 40 }),
    k: fc.integer({ min: 1, max: 1e6 }),
    exact: fc.boolean(),
    ef: fc.nat(1000),
    filter: fc.option(fc.uint8Array({ maxLength: 20 }))
  })
  // -0 arrives as 0, which is the same threshold.
  const thresholds = fc.double({ noNaN: true }).map((threshold) => threshold + 0)
  fc.assert(
    fc.property(plans, fc.option(thresholds), (plan, threshold) => {
      const given = threshold === null ? plan : { ...plan, scoreThreshold: threshold }
      const { filter, ...rest } = unpackSearch(packSearch(given))
      expect(rest).toEqual({ ...given, filter: undefined })
      expect(filter && Uint8Array.from(filter)).toEqual(plan.filter)
    }),
    { seed }
  )
})

test('hits come through their message as they were', () => {
  const hits = {
    entries: Buffer.from('00'.repeat(32), 'hex'),
    largerIsBetter: false,
    nextOffset: 2n ** 60n
  }
  expect(unpackHits(packHits(hits))).toEqual(hits)
  expect(unpackHits(packHits({ ...hits, nextOffset: 7n })).nextOffset).toBe(7n)
})

test('a rendered answer is taken apart by its points', () => {
  const points = '{"id":1,"payload":{"id":5,"a":[{"id":6}]}},{"id":"x","vector":[1]}'
  const list = responseOf([`[${points}]`], 0n)
  expect(itemsOfList(list).map(({ id }) => id)).toEqual(['1', '"x"'])
  const page = responseOf([`{"points":[${points}],"next_page_offset":7}`], 0n)
  expect(itemsOfPage(page)).toMatchObject({ items: [{ id: '1' }, { id: '"x"' }], next: '7' })
  expect(() => itemsOfList(Buffer.from('{}'))).toThrow('no response')
})
