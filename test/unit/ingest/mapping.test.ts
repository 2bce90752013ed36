import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import type { IngestEncoding, IngestFormat, IngestMapping } from '../../../src/domain/ingest.ts'
import { type MappedMessage, mappingOf } from '../../../src/ingest/index.ts'

const packr = new Packr({ useRecords: false })

function mapWith(
  format: IngestFormat,
  mapping: IngestMapping = { id: 'id' },
  encoding: IngestEncoding = 'json'
) {
  const map = mappingOf({ format, encoding, mapping }, 64)
  const bytes = (given: unknown) => {
    if (given === null || Buffer.isBuffer(given)) return given
    if (encoding === 'msgpack') return Buffer.from(packr.pack(given))
    return Buffer.from(typeof given === 'string' ? given : JSON.stringify(given))
  }
  return (value: unknown, key: unknown = null) =>
    shown(map({ offset: 0n, key: bytes(key), value: bytes(value) }))
}

function shown(mapped: MappedMessage): unknown {
  if (mapped.kind === 'point') return mapped.text.toString('utf8')
  if (mapped.kind === 'delete') return mapped.id
  return mapped.kind === 'poison' ? mapped.reason : mapped.kind
}

const uuid = '550e8400-e29b-41d4-a716-446655440000'

describe('the sink’s format', () => {
  const map = mapWith('sink')

  test('a value is a point as it stands', () => {
    const value = '{"collection_name":"c","id":1,"vector":{"a":[1,2]},"payload":{"n":1.0}}'
    expect(map(value)).toBe(value)
  })

  test('a message without a value deletes the point of its key', () => {
    expect(map(null, { id: 7, collection_name: 'c' })).toBe(7n)
    expect(map(null, { id: uuid.toUpperCase() })).toBe(uuid)
    expect(map(null, '18446744073709551615')).toBe(2n ** 64n - 1n)
    expect(map(null, uuid)).toBe(uuid)
    expect(map(null, '{"id":12345678901234567890}')).toBe(12345678901234567890n)
  })

  test('without value and without a key that names a point nothing can be deleted', () => {
    for (const key of [null, '', 'x', '{"id":-1}', '{"ids":1}', '{"id":', '18446744073709551616'])
      expect(map(null, key), String(key)).toBe('BAD_KEY')
  })

  test('MessagePack is read with every digit of its integers, and bytes are floats', () => {
    const packed = mapWith('sink', undefined, 'msgpack')
    const vector = Buffer.from(new Float32Array([1.5, -2]).buffer)
    expect(packed({ id: 2n ** 63n, vector, payload: { a: [null, 'ü'] } })).toBe(
      '{"id":9223372036854775808,"vector":[1.5,-2],"payload":{"a":[null,"ü"]}}'
    )
    expect(packed(null, { id: 5 })).toBe(5n)
    expect(packed(null, 53)).toBe(53n)
    expect(packed(null, uuid)).toBe(uuid)
    expect(packed(Buffer.from([0xc1]))).toBe('BAD_MSGPACK')
    expect(packed({ id: 1, vector: Buffer.from([1, 2, 3]) })).toBe('BAD_MSGPACK')
    expect(packed({ id: 1, vector: [Number.NaN] })).toBe('BAD_MSGPACK')
    expect(packed({ id: 1, payload: { at: new Date(0) } })).toBe('BAD_MSGPACK')
  })
})

describe('paths', () => {
  test('id, vector and the rest of the object make a point', () => {
    const map = mapWith('json', { id: 'meta.key', vector: 'data[1].values' })
    const value =
      '{"meta":{"key":7},"data":[null,{"values":[1,2]}],"title":"x","big":12345678901234567890}'
    expect(map(value)).toBe(
      '{"id":7,"vector":[1,2],"payload":{"title":"x","big":12345678901234567890}}'
    )
  })

  test('named vectors and chosen fields have paths of their own; what is missing is left out', () => {
    const map = mapWith('json', {
      id: '$key.id',
      vector: { image: 'i', text: 't' },
      payload: { name: 'a."odd.name"', kind: 'b' }
    })
    expect(map({ a: { 'odd.name': 1 }, t: [1], i: null }, { id: '8' })).toBe(
      '{"id":8,"vector":{"text":[1]},"payload":{"name":1}}'
    )
  })

  test('the payload may be one object of the message, or the whole of it', () => {
    expect(mapWith('json', { id: 'id', payload: 'p' })({ id: 1, p: { x: 1 } })).toBe(
      '{"id":1,"payload":{"x":1}}'
    )
    expect(mapWith('json', { id: 'id', payload: '$' })({ id: 1 })).toBe(
      '{"id":1,"payload":{"id":1}}'
    )
  })

  test('ids are read kindly, and what is none is told', () => {
    const map = mapWith('json', { id: 'id', payload: 'p' })
    for (const id of ['7', '7.0', '"7"', '7e0']) expect(map(`{"id":${id}}`)).toMatch(/^{"id":7,/)
    for (const id of ['-1', '1.5', '"x"', 'true', '{}', 'null', '9007199254740993.0'])
      expect(map(`{"id":${id}}`), id).toBe('BAD_ID')
    expect(map('{}')).toBe('BAD_ID')
  })

  test('a value that is no object is told apart', () => {
    const map = mapWith('json')
    for (const value of ['', '[1]', '1', '{"id":1', 'x', '{"id":1}{"id":2}', '['.repeat(100)])
      expect(map(value), value).toBe('BAD_JSON')
  })

  test('a vector that is a text in brackets is a vector', () => {
    const map = mapWith('json', { id: 'id', vector: 'v', payload: { n: 'n' } })
    expect(map({ id: 1, v: '[1, 2.5e-3]' })).toBe('{"id":1,"vector":[1, 2.5e-3],"payload":{}}')
    expect(map({ id: 1, v: '[1],"payload":{"x":1}' })).toContain('\\"payload\\"')
  })

  test.each(['', '.', 'a..b', 'a[', 'a[x]', 'a]', '$keys', 'a."b', '[0'])(
    '%j is no path',
    (path) => {
      expect(() => mapWith('json', { id: path })).toThrow(/is no path/)
    }
  )
})

describe('Debezium', () => {
  const map = mapWith('debezium', { id: 'id', vector: 'embedding' })
  const row = { id: 3, embedding: '[1,2]', title: 'x' }
  const point = '{"id":3,"vector":[1,2],"payload":{"title":"x"}}'

  test('reads, creates and updates write the row after them', () => {
    for (const op of ['c', 'r', 'u']) expect(map({ before: null, after: row, op })).toBe(point)
    expect(map({ schema: { type: 'struct' }, payload: { after: row, op: 'c' } })).toBe(point)
  })

  test('deletes take the id of the row before, or of the key', () => {
    expect(map({ before: row, after: null, op: 'd' })).toBe(3n)
    expect(map({ before: null, after: null, op: 'd' }, { id: 4 })).toBe(4n)
    expect(map({ op: 'd' }, { schema: {}, payload: { id: 5 } })).toBe(5n)
    expect(map(null, { id: 6 })).toBe(6n)
    expect(map({ op: 'd' })).toBe('BAD_KEY')
  })

  test('what is no change of a row is told apart', () => {
    expect(map({ op: 'm', message: {} })).toBe('nothing')
    expect(map({ op: 't' })).toBe('UNKNOWN_OP')
    expect(map({ op: 'c', after: null })).toBe('BAD_ENVELOPE')
    for (const value of [{}, { op: 1 }, { payload: 1 }, [], { after: row }])
      expect(map(value)).toBe('BAD_ENVELOPE')
  })
})
