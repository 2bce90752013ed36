import { expect, test } from 'vitest'
import { specOfRequest } from '../../../src/domain/collection.ts'
import { buildersOf, indexesOf } from '../../../src/domain/index-settings.ts'

const vectors = { size: 4, distance: 'Dot' } as const

test('without settings the engine chooses, and indexes from ten thousand KiB on', () => {
  expect(indexesOf(specOfRequest({ vectors }))).toEqual([
    {
      slot: 1,
      links: 24,
      efConstruct: 200,
      thresholdBytes: 10_240_000,
      fullScanBytes: 0,
      placement: 'cached'
    }
  ])
})

test("a vector's own settings go before the collection's, and older names count", () => {
  const spec = specOfRequest({
    vectors: { a: { ...vectors, hnsw_config: { m: 0 } }, b: vectors },
    hnsw_config: { m: 16, ef_construct: 100, full_scan_threshold_kb: 20 },
    optimizers_config: { indexing_threshold_kb: 0 }
  })
  const shared = {
    efConstruct: 100,
    thresholdBytes: 0,
    fullScanBytes: 20_480,
    placement: 'cached'
  }
  expect(indexesOf(spec)).toEqual([
    { slot: 1, links: 0, ...shared },
    { slot: 2, links: 16, ...shared }
  ])
})

test('multivectors are indexed as others are, and have no codes that the user asks for', () => {
  const many = { ...vectors, multivector_config: { comparator: 'max_sim' } } as const
  const spec = specOfRequest({
    vectors: { many, none: { ...many, hnsw_config: { m: 0 } } },
    quantization_config: { scalar: { type: 'int8' } }
  })
  expect(indexesOf(spec)).toMatchObject([{ links: 24 }, { links: 0 }])
  for (const settings of indexesOf(spec)) expect(settings).not.toHaveProperty('quantization')
})

test('a vector is cold when `memory` says so, or `on_disk` where there is no `memory`', () => {
  const placementOf = (more: object) =>
    indexesOf(specOfRequest({ vectors: { ...vectors, ...more } }))[0]?.placement
  expect(placementOf({ memory: 'cold' })).toBe('cold')
  expect(placementOf({ on_disk: true })).toBe('cold')
  expect(placementOf({ on_disk: true, memory: 'cached' })).toBe('cached')
  expect(placementOf({ on_disk: false, memory: 'cold' })).toBe('cold')
  expect(placementOf({ on_disk: false })).toBe('cached')
})

test('an index of sparse vectors keeps smaller weights when its datatype says so', () => {
  const of = (datatype?: 'float32' | 'float16' | 'uint8') => ({
    index: { datatype: datatype ?? null }
  })
  const sparse_vectors = { a: {}, b: of(), c: of('float32'), d: of('float16'), e: of('uint8') }
  const indexes = indexesOf(specOfRequest({ vectors, sparse_vectors }))
  expect(indexes.map(({ weights }) => weights)).toEqual([
    ...Array.from({ length: 4 }, () => undefined),
    'float16',
    'uint8'
  ])
})

test('sizes that would only cost are bounded', () => {
  const spec = specOfRequest({ vectors, hnsw_config: { m: 1, ef_construct: 1_000_000 } })
  expect(indexesOf(spec)).toMatchObject([{ links: 4, efConstruct: 4096 }])
  expect(indexesOf(specOfRequest({ vectors, hnsw_config: { m: 100_000 } }))[0]?.links).toBe(256)
})

test('the threads that build a shard are as many as its least bounded vector may have', () => {
  const limit = (max_indexing_threads: number) => ({ hnsw_config: { max_indexing_threads } })
  expect(buildersOf(specOfRequest({ vectors }))).toBe(0)
  expect(buildersOf(specOfRequest({ vectors, ...limit(3) }))).toBe(3)
  const some = { a: { ...vectors, ...limit(1) }, b: { ...vectors, ...limit(2) } }
  expect(buildersOf(specOfRequest({ vectors: some }))).toBe(2)
  expect(buildersOf(specOfRequest({ vectors: { ...some, c: vectors } }))).toBe(0)
  expect(buildersOf(specOfRequest({ vectors: { ...some, c: vectors }, ...limit(1) }))).toBe(2)
})

test('quantization becomes what the engine takes, a vector’s own before the collection’s', () => {
  const binary = {
    binary: { encoding: 'one_and_half_bits', query_encoding: 'scalar4bits' }
  } as const
  const spec = specOfRequest({
    vectors: { a: { ...vectors, quantization_config: binary }, b: vectors },
    quantization: { product: { compression: 'x32', always_ram: true } }
  })
  const defaults = { quantile: 1, halfBits: 8, queryBits: 8, chunk: 4 }
  expect(indexesOf(spec)).toMatchObject([
    { slot: 1, quantization: { ...defaults, kind: 'binary', halfBits: 3, queryBits: 4 } },
    { slot: 2, quantization: { ...defaults, kind: 'product', chunk: 8 } }
  ])
})
