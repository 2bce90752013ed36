import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { expect, test } from 'vitest'
import { jsonOfMessagePack, messagePackOfJson } from '../../../src/api/nats/message-pack.ts'
import { isEngineError } from '../../../src/errors/index.ts'
import { testSeed } from '../../support/seed.ts'

const packr = new Packr({ useRecords: false, int64AsType: 'auto' as 'number' })
const seed = testSeed('message pack')

const textOf = (bytes: Uint8Array, depthMax = 32) => jsonOfMessagePack(bytes, depthMax).toString()

test('whatever JSON can say comes through MessagePack to the same JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      // msgpackr renames that key.
      const json = JSON.stringify(value).replaceAll('__proto__', 'proto')
      const there = jsonOfMessagePack(packr.pack(JSON.parse(json)), 32)
      expect(JSON.parse(there.toString())).toEqual(JSON.parse(json))
    }),
    { seed, numRuns: 500 }
  )
})

test('answers come through MessagePack to the same values', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5, noUnicodeString: false }), (value) => {
      const json = JSON.stringify(value).replaceAll('__proto__', 'proto')
      const back = packr.unpack(messagePackOfJson(Buffer.from(json)))
      expect(withNumbers(back)).toEqual(JSON.parse(json))
    }),
    { seed, numRuns: 500 }
  )
})

/** As JSON.parse rounds them. */
function withNumbers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (Array.isArray(value)) return value.map(withNumbers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withNumbers(one)]))
}

test('integers of 64 bits keep every digit, both ways', () => {
  const ids = [2n ** 53n + 1n, 2n ** 64n - 1n, -(2n ** 63n)]
  expect(textOf(packr.pack(ids))).toBe(`[${ids.join(',')}]`)
  expect(packr.unpack(messagePackOfJson(Buffer.from(`[${ids.join(',')}]`)))).toEqual(ids)
  const wider = Buffer.from('[36893488147419103232]')
  expect(packr.unpack(messagePackOfJson(wider))).toEqual([2 ** 65])
})

test('every width of integers and floats is read', () => {
  const hex = {
    '7f': '127',
    ccff: '255',
    cdffff: '65535',
    ceffffffff: '4294967295',
    cfffffffffffffffff: '18446744073709551615',
    ff: '-1',
    d080: '-128',
    d18000: '-32768',
    d280000000: '-2147483648',
    d38000000000000000: '-9223372036854775808',
    ca3f000000: '0.5',
    cb3fe0000000000000: '0.5',
    c0: 'null',
    c2: 'false',
    c3: 'true',
    dc000101: '[1]',
    dd0000000101: '[1]',
    de0001a16101: '{"a":1}',
    df00000001a16101: '{"a":1}',
    d90161: '"a"',
    da000161: '"a"',
    db0000000161: '"a"'
  }
  for (const [bytes, json] of Object.entries(hex)) {
    expect(textOf(Buffer.from(bytes, 'hex'))).toBe(json)
  }
})

test('a bin is a vector of little-endian f32', () => {
  const vector = Buffer.from(Float32Array.of(0.5, -2, 3).buffer)
  expect(textOf(packr.pack({ vector }))).toBe('{"vector":[0.5,-2,3]}')
})

test.each([
  ['the value ends early', 'a561', /ends early/],
  ['a list says it is longer than it can be', 'ddffffffff', /ends early/],
  ['a map says it is longer than it can be', 'dfffffffff', /ends early/],
  ['bytes follow the value', '0101', /1 bytes follow/],
  ['an extension', 'd40000', /no value of JSON/],
  ['a reserved byte', 'c1', /no value of JSON/],
  ['a key that is no string', '810101', /no string/],
  ['a string that is no UTF-8', 'a1ff', /not UTF-8/],
  ['a bin that is no vector', 'c403010203', /no vector/],
  ['not a number', 'ca7fc00000', /not finite/],
  ['an infinite component', 'c4040000807f', /not finite/],
  ['nothing', '', /ends early/]
])('refused with its reason: %s', (_what, hex, reason) => {
  expect(() => textOf(Buffer.from(hex, 'hex'))).toThrow(reason)
})

test('P9 depth has a limit', () => {
  const nested = (depth: number) => Buffer.from(`${'91'.repeat(depth)}01`, 'hex')
  expect(textOf(nested(8), 8)).toBe('[[[[[[[[1]]]]]]]]')
  expect(() => textOf(nested(9), 8)).toThrow(/limits.jsonDepth/)
})

test('random bytes are read or refused, and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        JSON.parse(textOf(bytes))
      } catch (error) {
        expect(isEngineError(error, 'MILLRACE_BODY_MALFORMED')).toBe(true)
      }
    }),
    { seed, numRuns: 5000 }
  )
})
