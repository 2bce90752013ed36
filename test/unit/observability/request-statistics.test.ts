import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sumRoutes } from '../../../src/domain/request-reports.ts'
import {
  type Family,
  RequestStatistics,
  renderFamilies,
  requestFamilies
} from '../../../src/observability/index.ts'
import { testSeed } from '../../support/seed.ts'

const answers = fc.array(
  fc.record({
    gateway: fc.nat(2),
    status: fc.constantFrom(200, 404),
    micros: fc.nat(20_000_000),
    collection: fc.constantFrom(undefined, 'a', 'b')
  }),
  { minLength: 1, maxLength: 50 }
)

test('whatever gateway counts an answer, the sums are those of all answers', () => {
  const seed = testSeed()
  fc.assert(
    fc.property(answers, (all) => {
      const gateways = [0, 1, 2].map(() => new RequestStatistics())
      for (const { gateway, status, micros, collection } of all) {
        gateways[gateway]?.route('GET', '/x')(status, micros / 1e6, collection)
      }
      const reports = gateways.map((gateway) => gateway.report(0))
      for (const sum of sumRoutes(reports, false)) {
        const own = all.filter(({ status }) => status === sum.status)
        expect(sum.count).toBe(own.length)
        expect(sum.microsTotal).toBe(own.reduce((total, { micros }) => total + micros, 0))
        expect(sum.microsMin).toBe(Math.min(...own.map(({ micros }) => micros)))
        expect(sum.microsMax).toBe(Math.max(...own.map(({ micros }) => micros)))
        expect(sum.buckets.reduce((total, count) => total + count, 0)).toBe(own.length)
      }
      const perCollection = sumRoutes(reports, true)
      expect(perCollection.reduce((total, { count }) => total + count, 0)).toBe(all.length)
    }),
    { seed, numRuns: 100 }
  )
})

test('a report is plain data that can be sent to another thread', () => {
  const statistics = new RequestStatistics()
  statistics.route('GET', '/x')(200, 0.001, 'a')
  const report = statistics.report(0)
  expect(structuredClone(report)).toEqual(report)
  statistics.route('GET', '/x')(200, 0.001, 'a')
  expect(report.routes[0]?.count).toBe(1)
})

test('a histogram counts what lies below each edge, and everything at the end', () => {
  const statistics = new RequestStatistics()
  for (const seconds of [0.0004, 0.004, 20]) statistics.route('GET', '/x')(200, seconds, undefined)
  const text = renderFamilies(requestFamilies([statistics.report(0)], false))
  const bucketOf = (edge: string) =>
    new RegExp(`^rest_responses_duration_seconds_bucket\\{.*le="${edge}"\\} (\\d)$`, 'm').exec(
      text
    )?.[1]
  expect(['0.0005', '0.0025', '0.005', '10', '\\+Inf'].map(bucketOf)).toEqual([
    '1',
    '1',
    '2',
    '2',
    '3'
  ])
})

test('labels are escaped, and a family without samples is left out', () => {
  const families: Family[] = [
    { name: 'a', help: 'h', type: 'gauge', samples: [{ labels: { b: 'x"y\\z\n' }, value: 1 }] },
    { name: 'c', help: 'h', type: 'gauge', samples: [] }
  ]
  expect(renderFamilies(families)).toBe('# HELP a h\n# TYPE a gauge\na{b="x\\"y\\\\z\\n"} 1\n')
})
