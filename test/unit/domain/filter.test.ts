import { expect, test } from 'vitest'
import {
  excludingIds,
  type FilterContext,
  normalizeFilter
} from '../../../src/domain/filter/index.ts'
import { uuidBytes } from '../../../src/domain/point-id.ts'
import { packMeta, unpackMeta } from '../../../src/domain/record/index.ts'
import { EngineError } from '../../../src/errors/index.ts'

const context: FilterContext = {
  isJsonPath: (text) => !text.startsWith('['),
  slotOf: (name) => ({ '': 1, image: 7 })[name],
  limits: { filterConditions: 20, filterDepth: 4 }
}
const read = (filter: unknown) => normalizeFilter(filter, context, 'filter')
const uuid = '5c56c793-69f3-4fbf-87e6-c4bf54c28c26'

test('clauses become lists, and absent ones stay away', () => {
  const condition = { key: 'a', match: { value: 1 } }
  expect(read({})).toEqual({})
  expect(read({ must: null, should: [] })).toEqual({ should: [] })
  expect(read({ must: condition, must_not: [condition] })).toEqual({
    must: [condition],
    must_not: [condition]
  })
  expect(read({ min_should: { conditions: [condition], min_count: 1 } })).toEqual({
    min_should: { conditions: [condition], min_count: 1 }
  })
  expect(read({ should: { must: [], should: { is_null: { key: 'b' } } } })).toEqual({
    should: [{ must: [], should: [{ is_null: { key: 'b' } }] }]
  })
})

test('an impossible count of conditions is cut to one that says the same', () => {
  const { min_should: minShould } = read({
    min_should: { conditions: [{}, {}], min_count: 2 ** 40 }
  })
  expect(minShould?.min_count).toBe(3)
})

test.each([
  [{ match: { value: 'x' } }, { match: { value: 'x' } }],
  [{ match: { value: false, text: 'x' } }, { match: { value: false } }],
  [{ match: { value: -0 } }, { match: { value: 0 } }],
  [{ match: { value: 2 ** 40 } }, { match: { value: 2n ** 40n } }],
  [{ match: { value: 2n ** 63n - 1n } }, { match: { value: 2n ** 63n - 1n } }],
  [{ match: { any: [] } }, { match: { any: [] } }],
  [{ match: { any: null, except: ['a', 'b'] } }, { match: { except: ['a', 'b'] } }],
  [{ match: { phrase: 'p', prefix: 'x' } }, { match: { phrase: 'p' } }],
  [{ range: {} }, { range: {} }],
  [{ range: { gte: 1, lt: 2.5, gt: null } }, { range: { gte: 1, lt: 2.5 } }],
  [{ range: { lt: 2n ** 64n } }, { range: { lt: 2 ** 64 } }],
  [{ range: { gte: '1970-01-02' } }, { datetime_range: { gte: 86_400_000_000n } }],
  [{ values_count: { lt: 3, gt: 2n ** 60n } }, { values_count: { lt: 3, gt: 0x7fff_ffff } }],
  [{ is_empty: false }, { is_empty: false }],
  [{ is_null: true, match: null }, { is_null: true }]
])('the field condition %o is read as %o', (condition, expected) => {
  expect(read({ must: [{ key: 'a', ...condition }] })).toEqual({
    must: [{ key: 'a', ...expected }]
  })
})

test('of several conditions on one key any is enough', () => {
  expect(read({ must: [{ key: 'a', match: { value: 1 }, is_null: true }] })).toEqual({
    must: [
      {
        should: [
          { key: 'a', match: { value: 1 } },
          { key: 'a', is_null: true }
        ]
      }
    ]
  })
})

test('ids, vectors and nested filters are read', () => {
  expect(
    read({
      must: [
        { has_id: [1, 2n ** 64n - 1n, uuid.toUpperCase()] },
        { has_id: [] },
        { has_vector: 'image' },
        { has_vector: 'gone' },
        { is_empty: { key: 'b' } },
        { nested: { key: 'c', filter: { must_not: { key: 'd', match: { text: 'x' } } } } }
      ]
    })
  ).toEqual({
    must: [
      { has_id: [1n, 2n ** 64n - 1n, uuidBytes(uuid)] },
      { has_id: [] },
      { has_vector: 7 },
      { has_vector: null },
      { is_empty: { key: 'b' } },
      { nested: { key: 'c', filter: { must_not: [{ key: 'd', match: { text: 'x' } }] } } }
    ]
  })
})

test('what is packed comes back without loss', () => {
  const filter = read({
    must: [{ has_id: [2n ** 64n - 1n, uuid] }, { key: 'a', match: { value: -(2n ** 63n) } }]
  })
  expect(unpackMeta(packMeta(filter))).toEqual({
    must: [
      { has_id: [2n ** 64n - 1n, uuidBytes(uuid)] },
      { key: 'a', match: { value: -(2n ** 63n) } }
    ]
  })
})

test('points can be excluded from any filter', () => {
  expect(excludingIds(undefined, [1n])).toEqual({ must_not: [{ has_id: [1n] }] })
  const filter = read({ must: [{ is_null: { key: 'a' } }], must_not: { is_null: { key: 'b' } } })
  expect(excludingIds(filter, [1n])).toEqual({
    must: [{ is_null: { key: 'a' } }],
    must_not: [{ is_null: { key: 'b' } }, { has_id: [1n] }]
  })
})

const malformed = 'MILLRACE_BODY_MALFORMED'
const invalid = 'MILLRACE_BODY_INVALID'
const unsupported = 'MILLRACE_OPTION_UNSUPPORTED'
const field = (condition: object) => ({ must: [{ key: 'a', ...condition }] })

test.each([
  [7, malformed, 'filter: '],
  [[], malformed, 'filter: '],
  [{ musst: [] }, malformed, 'unknown field `musst`'],
  [{ must: [{ must: [], foo: 1 }] }, malformed, 'filter.must[0]: Expected some form of condition'],
  [{ must: ['a'] }, malformed, 'filter.must[0]: Expected some form of condition'],
  [{ must: { key: 5 } }, malformed, 'filter.must.key: '],
  [{ must: { key: '[0]', match: { value: 1 } } }, malformed, 'Invalid json path: `[0]`'],
  [field({}), invalid, 'filter.must[0]: At least one field condition must be specified'],
  [field({ match: {} }), malformed, 'filter.must[0].match: '],
  [field({ match: { value: 1.5 } }), malformed, 'filter.must[0].match.value: '],
  [field({ match: { value: 2n ** 63n } }), malformed, 'filter.must[0].match.value: '],
  [field({ match: { value: [1] } }), malformed, 'filter.must[0].match.value: '],
  [field({ match: { any: ['a', 1] } }), malformed, 'filter.must[0].match.any: '],
  [field({ match: { any: [1, 'a'] } }), malformed, 'filter.must[0].match.any: '],
  [field({ match: { except: [true] } }), malformed, 'filter.must[0].match.except: '],
  [field({ match: { any: 'a' } }), malformed, 'filter.must[0].match.any: '],
  [field({ match: { text: 1 } }), malformed, 'filter.must[0].match.text: '],
  [field({ range: { lt: 'yesterday' } }), malformed, 'filter.must[0].range.lt: '],
  [field({ range: { lt: '2020-01-01', gt: 5 } }), malformed, 'filter.must[0].range.gt: '],
  [field({ range: { lt: true } }), malformed, 'filter.must[0].range.lt: '],
  [field({ values_count: { lt: -1 } }), malformed, 'filter.must[0].values_count.lt: '],
  [field({ is_empty: 1 }), malformed, 'filter.must[0].is_empty: '],
  [field({ geo_radius: {} }), unsupported, 'geo_radius'],
  [{ must: { slice: { total: 2, index: 0 } } }, unsupported, 'slice'],
  [{ must: { has_id: 1 } }, malformed, 'filter.must.has_id: '],
  [{ must: { has_id: ['12'] } }, malformed, 'value 12 is not a valid point ID'],
  [{ must: { has_vector: 1 } }, malformed, 'has_vector'],
  [{ must: { nested: { filter: {} } } }, malformed, 'missing field `key`'],
  [{ must: { nested: { key: 'a' } } }, malformed, 'missing field `filter`'],
  [{ min_should: { conditions: [] } }, malformed, 'missing field `min_count`'],
  [{ min_should: { min_count: 1 } }, malformed, 'missing field `conditions`'],
  [{ min_should: { conditions: [], min_count: -1 } }, malformed, 'min_count'],
  [
    { min_should: { conditions: [], min_count: 0 } },
    invalid,
    'filter.min_should.min_count: min_count must be greater than 0'
  ],
  [
    { must: Array.from({ length: 21 }, () => ({})) },
    'MILLRACE_INPUT_INVALID',
    'limits.filterConditions'
  ],
  [{ must: { must: { must: { must: {} } } } }, 'MILLRACE_INPUT_INVALID', 'limits.filterDepth']
])('the filter %o is refused with %s', (filter, code, text) => {
  let error: unknown
  try {
    read(filter)
  } catch (cause) {
    error = cause
  }
  expect(error).toBeInstanceOf(EngineError)
  expect(error).toMatchObject({ code, message: expect.stringContaining(text) })
})
