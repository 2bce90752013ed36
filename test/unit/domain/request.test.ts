import { expect, test } from 'vitest'
import {
  createCollectionSchema,
  parseRequest,
  queryPointsSchema,
  scrollPointsSchema
} from '../../../src/domain/schemas/index.ts'

const create = (body: unknown) => () => parseRequest(createCollectionSchema, body)
const vectors = (size: unknown, distance: unknown = 'Cosine') => ({ vectors: { size, distance } })

test('a valid request comes back as it is', () => {
  const body = vectors(4)
  expect(parseRequest(createCollectionSchema, body)).toBe(body)
  expect(create({})).not.toThrow()
  expect(create({ vectors: { a: { size: 4, distance: 'Dot' } }, hnsw_config: null })).not.toThrow()
})

test('a value out of range is a validation error with its path and bounds', () => {
  expect(create(vectors(65_537))).toThrow(
    'Validation error in JSON body: [vectors.size: value 65537 invalid, must be from 1 to 65536]'
  )
  expect(create({ hnsw_config: { ef_construct: 2 } })).toThrow(
    'Validation error in JSON body: [hnsw_config.ef_construct: value 2 invalid, must be 4 or larger]'
  )
  expect(() => parseRequest(scrollPointsSchema, { limit: 0 }, 'scroll_request.')).toThrow(
    '[scroll_request.limit: value 0 invalid, must be 1 or larger]'
  )
})

test('a size of zero and negative numbers are format errors', () => {
  expect(create(vectors(0))).toThrow('Format error in JSON body: ')
  expect(create({ shard_number: -1 })).toThrow('Format error in JSON body: ')
})

test.each([
  [vectors(4, 'Chebyshev')],
  [{ vectors: { size: 4 } }],
  [{ vectors: 7 }],
  [[]],
  ['text'],
  [null],
  [{ shard_number: 1.5 }]
])('%j is a format error', (body) => {
  expect(create(body)).toThrow('Format error in JSON body: ')
})

test('numbers that are not finite are refused in a query', () => {
  expect(() => parseRequest(queryPointsSchema, { query: [1, Number.POSITIVE_INFINITY] })).toThrow(
    'Format error'
  )
})
