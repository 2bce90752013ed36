import { beforeAll, expect, test } from 'vitest'
import { prefixMetrics } from '../../src/observability/index.ts'
import { restServer } from '../support/rest-server.ts'

const rest = restServer()
const telemetry = async (query: string) => {
  const { result } = await rest.client.call('GET', `/telemetry?${query}`)
  return result as Record<string, Record<string, unknown>>
}
type Responses = Record<string, Record<string, Record<string, unknown>>>
const restOf = async (query: string) => {
  const { requests } = await telemetry(query)
  return requests?.['rest'] as
    | {
        readonly responses: Responses
        readonly per_collection_responses?: Record<string, Responses>
      }
    | undefined
}
const keysOf = (value: unknown) => Object.keys(value as object).sort()
const page = async (query = '') => (await fetch(`${rest.url}/metrics${query}`)).text()

beforeAll(async () => {
  await rest.client.call('PUT', '/collections/told', {
    vectors: { text: { size: 4, distance: 'Dot' } },
    shard_number: 2,
    metadata: { secret: 'x' }
  })
  await rest.client.call('PUT', '/collections/told/points?wait=true', {
    points: [1, 2, 3].map((id) => ({ id, vector: { text: [1, 2, 3, 4] } }))
  })
  await rest.client.call('PUT', '/collections/empty', {})
})

test('each level of detail has its own keys', async () => {
  const first = ['app', 'cluster', 'collections', 'id', 'quota', 'requests']
  expect(keysOf(await telemetry('details_level=0'))).toEqual(first)
  expect(keysOf(await telemetry('details_level=0'))).toEqual(keysOf(await telemetry('')))
  for (const level of [1, 2, 3, 4, 10]) {
    const keys = keysOf(await telemetry(`details_level=${level}`))
    expect(keys).toEqual([...first, 'hardware', 'memory', 'search_pool'].sort())
  }
})

test('a collection is told in more detail at each level', async () => {
  const at = async (level: number) => {
    const { collections } = await telemetry(`details_level=${level}`)
    return collections as { number_of_collections: number; collections?: object[] }
  }
  expect(await at(0)).toEqual({ number_of_collections: 2 })
  expect(keysOf(await at(1))).toEqual(['collections', 'number_of_collections', 'snapshots'])
  expect(keysOf((await at(1)).collections?.[0])).toEqual(['optimizers_status', 'params', 'vectors'])
  expect(keysOf((await at(2)).collections?.[0])).toEqual(['config', 'id', 'init_time_ms'])
  const detailed = ['config', 'id', 'init_time_ms', 'resharding', 'shards', 'transfers']
  expect(keysOf((await at(3)).collections?.[0])).toEqual(detailed)
  expect(await at(4)).toMatchObject({
    collections: [
      {
        id: 'told',
        shards: [0, 1].map((id) => ({
          id,
          local: { status: 'green', segments: [{ info: { num_deferred_points: 0 } }] }
        }))
      },
      { id: 'empty' }
    ]
  })
})

test('a shard says how many operations it has applied, and holds', async () => {
  const { collections } = await telemetry('details_level=3')
  const [told, empty] = (collections as { collections: { shards: { local: Local }[] }[] })
    .collections
  interface Local {
    readonly num_points: number
    readonly num_vectors_by_name: object
    readonly update_queue: { length: number; op_num: number }
  }
  const locals = told?.shards.map(({ local }) => local) ?? []
  expect(locals.reduce((sum, { num_points }) => sum + num_points, 0)).toBe(3)
  expect(locals.every(({ update_queue }) => update_queue.op_num <= 1)).toBe(true)
  expect(locals.some(({ update_queue }) => update_queue.op_num === 1)).toBe(true)
  expect(empty?.shards[0]?.local.update_queue).toEqual({ length: 0, op_num: 0 })
})

test('requests are counted by route and status, and by collection when asked for', async () => {
  await rest.client.send('GET', '/collections/nothing')
  const { responses, per_collection_responses } = (await restOf('per_collection=true')) ?? {}
  expect(responses?.['PUT /collections/{collection_name}/points']?.['200']).toEqual({
    count: 1,
    avg_duration_micros: expect.any(Number),
    min_duration_micros: expect.any(Number),
    max_duration_micros: expect.any(Number),
    total_duration_micros: expect.any(Number),
    last_responded: expect.stringMatching(/^\d{4}-.*Z$/)
  })
  expect(responses?.['GET /collections/{collection_name}']?.['404']).toMatchObject({ count: 1 })
  expect(keysOf(per_collection_responses)).toEqual(['empty', 'told'])
  expect(
    per_collection_responses?.['told']?.['PUT /collections/{collection_name}/points']
  ).toMatchObject({ 200: { count: 1 } })
  expect(keysOf(await restOf(''))).toEqual(['responses'])
})

test('the counts of a deleted collection stay in the sums, without its name', async () => {
  await rest.client.call('PUT', '/collections/gone', {})
  await rest.client.call('GET', '/collections/gone')
  const countOf = async () => {
    const counted = await restOf('per_collection=true')
    const count = counted?.responses['GET /collections/{collection_name}']?.['200']?.['count']
    const each = counted?.per_collection_responses ?? {}
    return { count, names: keysOf(each) }
  }
  const before = await countOf()
  expect(before.names).toContain('gone')
  await rest.client.call('DELETE', '/collections/gone')
  expect(await countOf()).toEqual({
    count: before.count,
    names: before.names.filter((name) => name !== 'gone')
  })
})

test('anonymous telemetry holds no name and no metadata', async () => {
  const text = JSON.stringify(
    await telemetry('details_level=10&anonymize=true&per_collection=true')
  )
  for (const word of ['told', '"text"', 'secret']) expect(text).not.toContain(word)
})

test.each([['details_level=x'], ['details_level=-1'], ['anonymize=1']])(
  'the parameter %s is refused',
  async (query) => {
    expect((await rest.client.send('GET', `/telemetry?${query}`)).status).toBe(400)
  }
)

test('the metrics page has the families that dashboards know', async () => {
  const text = await page()
  for (const line of [
    '# HELP app_info information about qdrant server',
    '# TYPE app_info gauge',
    'app_info{name="qdrant",version="1.19.0"} 1',
    'collections_total 2',
    'collection_points{id="told"} 3',
    'collection_vectors{id="told",vector="text"} 3',
    'collection_update_queue_length{id="told"} 0',
    'collection_dead_replicas 0',
    'cluster_enabled 0'
  ]) {
    expect(text.split('\n')).toContain(line)
  }
  for (const name of [
    'memory_resident_bytes',
    'memory_allocated_bytes',
    'process_threads',
    'process_open_fds',
    'process_minor_page_faults_total'
  ]) {
    expect(text).toMatch(new RegExp(`^${name} [1-9]`, 'm'))
  }
  const labels = 'method="PUT",endpoint="/collections/{collection_name}/points",status="200"'
  expect(text).toContain(`rest_responses_total{${labels}} 1\n`)
  expect(text).toContain(`rest_responses_duration_seconds_count{${labels}} 1\n`)
  expect(text).toContain(`rest_responses_duration_seconds_bucket{${labels},le="+Inf"} 1\n`)
  expect(text).toMatch(/rest_responses_avg_duration_seconds\{.*\} 0\.\d/)
  expect(text).not.toContain('collection="told",status')
  expect(await page('?per_collection=true')).toContain(
    `rest_responses_total{${labels},collection="told"} 1\n`
  )
})

test('no family is on the page twice, and every sample is a number', async () => {
  const lines = (await page()).split('\n').filter((line) => line !== '')
  const types = lines.filter((line) => line.startsWith('# TYPE')).map((line) => line.split(' ')[2])
  expect(types).toEqual([...new Set(types)])
  for (const line of lines.filter((candidate) => !candidate.startsWith('#'))) {
    expect(line).toMatch(/^[a-zA-Z_:][\w:]*(\{.*\})? (-?[\d.]+(e[+-]?\d+)?|\+Inf|Nan)$/)
  }
})

test('an anonymous metrics page holds no name', async () => {
  const text = await page('?anonymize=true&per_collection=true')
  expect(text).toMatch(/collection_points\{id="[0-9a-f]{16}"\} 3\n/)
  expect(text).not.toMatch(/"(told|text|empty)"/)
})

test('a prefix is put in front of every name', () => {
  const text = '# HELP a b c\n# TYPE a gauge\na{b="c"} 1\na 2\n'
  expect(prefixMetrics(text, 'x_')).toBe('# HELP x_a b c\n# TYPE x_a gauge\nx_a{b="c"} 1\nx_a 2\n')
  expect(prefixMetrics(text, '')).toBe(text)
})

test('there are no issues, and they can be cleared', async () => {
  expect((await rest.client.call('GET', '/issues'))['result']).toEqual({ issues: [] })
  expect((await rest.client.call('DELETE', '/issues'))['result']).toBe(true)
})

test('quotas show how much of memory and disk is used', async () => {
  const { result } = await rest.client.call('GET', '/quotas')
  expect(result).toMatchObject({
    config: { enabled: false },
    usage: { disk_usage_percent: expect.any(Number) }
  })
})
