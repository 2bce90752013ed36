import { beforeAll, expect, test } from 'vitest'
import { restServer } from '../support/rest-server.ts'

const rest = restServer('--limits.filterConditions', '100', '--limits.filterDepth', '5')
const points = '/collections/c/points'
const errorOf = (answer: { body: Record<string, unknown> }) =>
  (answer.body['status'] as { error: string }).error

const values: Readonly<Record<number, unknown>> = {
  1: {},
  2: { f: null },
  3: { f: [] },
  4: { f: [null] },
  5: { f: 1 },
  7: { f: [1, 2] },
  8: { f: '1' },
  9: { f: true },
  10: { f: {} },
  11: { f: 'the quick brown fox', when: '2020-05-01T12:00:00Z' },
  12: { f: ['quick', 'slow'], when: '2021-01-01' },
  13: {
    o: [
      { a: 1, b: 1 },
      { a: 2, b: 2 }
    ],
    n: 2.5
  },
  14: { o: [{ a: 1, b: 2 }], n: -1 },
  15: { f: -5, 'odd key': { x: 7 } }
}
/** A number that JavaScript would write as an integer. */
const oneAsFloat = '{"id":6,"vector":[6,1],"payload":{"f":1.0}}'

beforeAll(async () => {
  await rest.client.call('PUT', '/collections/c', {
    vectors: { size: 2, distance: 'Dot' },
    shard_number: 3
  })
  const listed = Object.entries(values).map(([id, payload]) => ({
    id: Number(id),
    ...(id !== '15' && { vector: [Number(id), 1] }),
    payload
  }))
  await rest.client.call('PUT', `${points}?wait=true`, { points: listed })
  await rest.client.call('PUT', `${points}?wait=true`, `{"points":[${oneAsFloat}]}`)
})

async function scrolled(filter: unknown): Promise<number[]> {
  const answer = await rest.client.call('POST', `${points}/scroll`, { filter, limit: 100 })
  return (answer['result'] as { points: { id: number }[] }).points.map(({ id }) => id)
}

const f = (condition: object) => ({ must: { key: 'f', ...condition } })

test.each([
  ['{}', {}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]],
  ['is_empty object', { must: { is_empty: { key: 'f' } } }, [1, 2, 3, 13, 14]],
  ['is_empty field', f({ is_empty: true }), [1, 2, 3, 13, 14]],
  ['values_count ≥ 1', f({ values_count: { gte: 1 } }), [4, 5, 6, 7, 8, 9, 10, 11, 12, 15]],
  ['match 1', f({ match: { value: 1 } }), [5, 7]],
  ['match "1"', f({ match: { value: '1' } }), [8]],
  ['match true', f({ match: { value: true } }), [9]],
  ['any', f({ match: { any: ['1', 'slow'] } }), [8, 12]],
  ['any of none', f({ match: { any: [] } }), []],
  ['except [1]', f({ match: { except: [1] } }), [6, 7, 8, 9, 10, 11, 12, 15]],
  ['text', f({ match: { text: 'quick' } }), [11, 12]],
  ['prefix', f({ match: { prefix: 'the' } }), [11]],
  ['range', f({ range: { gt: -6, lte: 1 } }), [5, 6, 7, 15]],
  ['empty range', f({ range: {} }), [5, 6, 7, 15]],
  [
    'dates',
    { must: { key: 'when', range: { gte: '2020-05-01T14:00:00+02:00', lt: '2021-01-01' } } },
    [11]
  ],
  ['is_null: false', f({ is_null: false }), [1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]],
  [
    'must_not',
    { must: { is_empty: { key: 'o' } }, must_not: f({ match: { except: [] } }) },
    [1, 2, 3, 4]
  ],
  ['should', { should: [{ has_id: [3, 99] }, { key: 'n', range: { lt: 0 } }] }, [3, 14]],
  [
    'min_should',
    {
      min_should: {
        conditions: [{ has_id: [1, 2] }, { has_id: [2, 3] }, { has_id: [3, 1] }],
        min_count: 3
      }
    },
    []
  ],
  [
    'values of several elements',
    {
      must: [
        { key: 'o[].a', match: { value: 2 } },
        { key: 'o[].b', match: { value: 1 } }
      ]
    },
    [13]
  ],
  [
    'nested',
    {
      must: {
        nested: {
          key: 'o',
          filter: {
            must: [
              { key: 'a', match: { value: 1 } },
              { key: 'b', match: { value: 2 } }
            ]
          }
        }
      }
    },
    [14]
  ],
  ['has_vector', { must_not: { has_vector: '' } }, [15]],
  ['has_vector of another name', { must: { has_vector: 'x' } }, []],
  ['a quoted path', { must: { key: '"odd key".x', match: { value: 7 } } }, [15]],
  ['several conditions on a key', f({ match: { value: '1' }, range: { lt: -1 } }), [8, 15]]
])('%s selects the same points in every operation', async (_name, filter, ids) => {
  expect(await scrolled(filter)).toEqual(ids)
  const count = await rest.client.call('POST', `${points}/count`, { filter })
  expect(count['result']).toEqual({ count: ids.length })
  const withVector = ids.filter((id) => id !== 15)
  for (const [path, body] of [
    ['query', { query: [-1, 0] }],
    ['search', { vector: [-1, 0] }]
  ] as const) {
    const answer = await rest.client.call('POST', `${points}/${path}`, {
      ...body,
      filter,
      limit: 50
    })
    const hits = (
      path === 'query' ? (answer['result'] as { points: unknown }).points : answer['result']
    ) as { id: number }[]
    expect(hits.map(({ id }) => id)).toEqual(withVector)
  }
  const page = await rest.client.call('POST', `${points}/query`, { filter, limit: 50 })
  const listed = (page['result'] as { points: { id: number; score: number }[] }).points
  expect(listed.map(({ id, score }) => [id, score])).toEqual(ids.map((id) => [id, 1]))
})

test('a filtered page goes on where the one before ended', async () => {
  const filter = { must: { key: 'f', values_count: { gte: 1 } } }
  const pages: number[][] = []
  let offset: unknown
  do {
    const answer = await rest.client.call('POST', `${points}/scroll`, { filter, limit: 4, offset })
    const { points: page, next_page_offset: next } = answer['result'] as {
      points: { id: number }[]
      next_page_offset: unknown
    }
    pages.push(page.map(({ id }) => id))
    offset = next
  } while (offset !== null)
  expect(pages).toEqual([
    [4, 5, 6, 7],
    [8, 9, 10, 11],
    [12, 15]
  ])
})

test.each([
  [
    'scroll',
    { filter: { must: { key: 'a' } } },
    422,
    '[scroll_request.filter.must: At least one field condition must be specified]'
  ],
  ['count', { filter: { musst: [] } }, 400, 'unknown field `musst`'],
  [
    'query',
    { query: [1, 1], filter: { must: [{ key: 'a' }] } },
    422,
    '[internal.filter.must[0]: At least one field'
  ],
  [
    'search',
    { vector: [1, 1], limit: 1, filter: { must: [{ key: 'a', match: { value: 0.5 } }] } },
    400,
    'match.value'
  ],
  [
    'query',
    { filter: { min_should: { conditions: [], min_count: 0 } } },
    422,
    'min_count must be greater than 0'
  ],
  ['count', { filter: { must: { key: 'a', range: { gt: '2015' } } } }, 400, 'is not a date'],
  [
    'count',
    { filter: { must: Array.from({ length: 101 }, () => ({ has_id: [1] })) } },
    400,
    'limits.filterConditions'
  ],
  [
    'count',
    { filter: { must: { must: { must: { must: { must: {} } } } } } },
    400,
    'limits.filterDepth'
  ]
])('the %s %j is refused with %i', async (path, body, status, text) => {
  const answer = await rest.client.send('POST', `${points}/${path}`, body)
  expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(text)])
})
