import { expect, test } from 'vitest'
import { restServer } from '../support/rest-server.ts'

const rest = restServer('--limits.metadataBytes', '4KiB')
const errorOf = (answer: { body: Record<string, unknown> }) =>
  (answer.body['status'] as { error: string }).error
const patch = (name: string, body: unknown) =>
  rest.client.send('PATCH', `/collections/${name}`, body)

interface Config {
  readonly params: Record<string, unknown>
  readonly hnsw_config: Record<string, unknown>
  readonly optimizer_config: Record<string, unknown>
  readonly quantization_config: unknown
  readonly strict_mode_config?: unknown
  readonly metadata?: unknown
}

async function configOf(name: string): Promise<Config> {
  const { result } = await rest.client.call('GET', `/collections/${name}`)
  return (result as { config: Config }).config
}

async function created(name: string, body: unknown): Promise<string> {
  await rest.client.call('PUT', `/collections/${name}`, body)
  return name
}

const single = { vectors: { size: 4, distance: 'Dot' } }
const named = {
  vectors: { text: { size: 4, distance: 'Dot' }, image: { size: 2, distance: 'Cosine' } }
}

test('each part of a patch is merged field by field, and nothing else changes', async () => {
  const name = await created('merged', { ...single, hnsw_config: { m: 32 }, metadata: { a: 1 } })
  const before = await configOf(name)
  const answer = await patch(name, {
    hnsw_config: { ef_construct: 123 },
    optimizers_config: { indexing_threshold: 777 },
    params: { replication_factor: 2, read_fan_out_factor: 1, payload: { memory: 'cached' } }
  })
  expect(answer.body).toMatchObject({ result: true, status: 'ok' })
  expect(await configOf(name)).toEqual({
    ...before,
    params: {
      ...before.params,
      replication_factor: 2,
      read_fan_out_factor: 1,
      payload: { memory: 'cached' }
    },
    hnsw_config: { ...before.hnsw_config, m: 32, ef_construct: 123 },
    optimizer_config: { ...before.optimizer_config, indexing_threshold: 777 }
  })
})

test('an empty patch changes nothing', async () => {
  const name = await created('empty', single)
  const before = await configOf(name)
  await rest.client.call('PATCH', `/collections/${name}`, {})
  expect(await configOf(name)).toEqual(before)
})

test('metadata is merged, and a key set to null goes', async () => {
  const name = await created('labelled', { ...single, metadata: { a: 1, b: { c: 2 }, d: null } })
  expect((await configOf(name)).metadata).toEqual({ a: 1, b: { c: 2 }, d: null })
  await patch(name, { metadata: { a: null, b: { e: 3 }, f: 'g' } })
  expect((await configOf(name)).metadata).toEqual({ b: { e: 3 }, d: null, f: 'g' })
})

test('P9 metadata over limits.metadataBytes is refused, also when patches add up to it', async () => {
  const name = await created('heavy', single)
  const part = 'x'.repeat(2500)
  expect((await patch(name, { metadata: { one: part } })).status).toBe(200)
  const answer = await patch(name, { metadata: { two: part } })
  expect([answer.status, errorOf(answer)]).toEqual([
    400,
    expect.stringContaining('limits.metadataBytes')
  ])
  expect((await configOf(name)).metadata).toEqual({ one: part })
  const tooLarge = { ...single, metadata: { one: part, two: part } }
  expect((await rest.client.send('PUT', '/collections/heavier', tooLarge)).status).toBe(400)
})

test('a vector’s own settings are set, merged, and unset by an empty object', async () => {
  const name = await created('tuned', named)
  const vectors = async () => (await configOf(name)).params['vectors']
  await patch(name, { vectors: { text: { hnsw_config: { m: 8 }, on_disk: true } } })
  await patch(name, { vectors: { text: { hnsw_config: { ef_construct: 64 }, memory: 'cold' } } })
  expect(await vectors()).toEqual({
    ...named.vectors,
    text: {
      ...named.vectors.text,
      on_disk: true,
      memory: 'cold',
      hnsw_config: { m: 8, ef_construct: 64 }
    }
  })
  await patch(name, { vectors: { text: { hnsw_config: {} } } })
  expect(await vectors()).toEqual({
    ...named.vectors,
    text: { ...named.vectors.text, on_disk: true, memory: 'cold' }
  })
})

test('the unnamed vector is meant by an empty name', async () => {
  const name = await created('unnamed', single)
  const quantization_config = { scalar: { type: 'int8', always_ram: true } }
  await patch(name, { vectors: { '': { quantization_config } } })
  expect((await configOf(name)).params['vectors']).toEqual({
    ...single.vectors,
    quantization_config
  })
  await patch(name, { vectors: { '': { quantization_config: 'Disabled' } } })
  expect((await configOf(name)).params['vectors']).toEqual(single.vectors)
})

test('a quantization is replaced as a whole and removed by Disabled', async () => {
  const name = await created('quantized', {
    ...single,
    quantization: { scalar: { type: 'int8', quantile: 0.9 } }
  })
  expect((await configOf(name)).quantization_config).toEqual({
    scalar: { type: 'int8', quantile: 0.9 }
  })
  await patch(name, { quantization_config: { product: { compression: 'x16' } } })
  expect((await configOf(name)).quantization_config).toEqual({ product: { compression: 'x16' } })
  await patch(name, { quantization_config: 'Disabled' })
  expect((await configOf(name)).quantization_config).toBeNull()
})

test('max_optimization_threads: auto takes the number away', async () => {
  const name = await created('threads', {
    ...single,
    optimizers_config: { max_optimization_threads: 2 }
  })
  expect((await configOf(name)).optimizer_config['max_optimization_threads']).toBe(2)
  await patch(name, { optimizers_config: { max_optimization_threads: 'auto' } })
  expect((await configOf(name)).optimizer_config['max_optimization_threads']).toBeNull()
})

test('strict mode is merged, and null leaves a field as it is', async () => {
  const name = await created('strict', { ...single, strict_mode_config: { max_query_limit: 10 } })
  await patch(name, { strict_mode_config: { max_query_limit: null, max_timeout: 3 } })
  expect((await configOf(name)).strict_mode_config).toEqual({ max_query_limit: 10, max_timeout: 3 })
})

test('older names of settings and unknown members do not come back', async () => {
  const name = await created('older', {
    vectors: {
      quantization: { size: 2, distance: 'Dot', hnsw_config: { full_scan_threshold_kb: 50 }, x: 1 }
    },
    optimizer_config: { indexing_threshold_kb: 5, y: 2 },
    z: 3
  })
  const config = await configOf(name)
  expect(config.params['vectors']).toEqual({
    quantization: { size: 2, distance: 'Dot', hnsw_config: { full_scan_threshold: 50 } }
  })
  expect(config.optimizer_config).toMatchObject({ indexing_threshold: 5 })
  expect(config.optimizer_config).not.toHaveProperty('y')
})

test('a setting without effect is named in the warnings', async () => {
  const name = await created('inline', { ...single, hnsw_config: { inline_storage: true } })
  const warningsOf = async () => {
    const { result } = await rest.client.call('GET', `/collections/${name}`)
    return (result as { warnings?: { message: string }[] }).warnings
  }
  expect(await warningsOf()).toEqual([{ message: expect.stringContaining('inline_storage') }])
  await patch(name, { hnsw_config: { inline_storage: false } })
  expect(await warningsOf()).toBeUndefined()
})

test.each([
  [
    { vectors: { nope: { on_disk: true } } },
    400,
    'Wrong input: Not existing vector name error: nope'
  ],
  [{ sparse_vectors: { nope: {} } }, 400, 'Wrong input: Not existing vector name error: nope'],
  [{ params: { replication_factor: 0 } }, 400, 'Format error in JSON body: '],
  [{ params: { payload: { memory: 'pinned' } } }, 422, 'pinned'],
  [{ vectors: { text: { memory: 'pinned' } } }, 422, 'pinned'],
  [
    { hnsw_config: { ef_construct: 0 } },
    422,
    'Validation error in JSON body: [hnsw_config.ef_construct: value 0 invalid, must be 4 or larger]'
  ],
  [{ quantization_config: 'Off' }, 400, 'Format error in JSON body: '],
  [{ metadata: [] }, 400, 'Format error in JSON body: '],
  ['', 400, 'Format error in JSON body: ']
])('the patch %j is refused with %i', async (body, status, text) => {
  await rest.client.send('PUT', '/collections/refusing', named)
  const before = await configOf('refusing')
  const answer = await patch('refusing', body)
  expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringContaining(text)])
  expect(await configOf('refusing')).toEqual(before)
})

test('an unknown collection is 404, timeout=0 is 422', async () => {
  expect((await patch('nothing', {})).status).toBe(404)
  expect((await patch('merged?timeout=0', {})).status).toBe(422)
})
