import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson } from '../../../src/service/json.ts'
import { readJson } from '../../../src/service/json-reader.ts'
import { testSeed } from '../../support/seed.ts'

test('any value is read as JSON.parse reads it', () => {
  const seed = testSeed('json reader')
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(undefined, 1, '\t'), (text, space) => {
      const spaced = JSON.stringify(JSON.parse(text), null, space)
      // What JSON.parse rounds is read exactly here; the next test is about that.
      const rounded = JSON.stringify(readJson(spaced), asNumber)
      expect(rounded).toBe(JSON.stringify(JSON.parse(spaced)))
    }),
    { seed, numRuns: 1000 }
  )
})

test('integers keep every digit, and a repeated member does not stop the reading', () => {
  const body =
    '{"id":18446744073709551615,"id":1234567890123456789,"__proto__":[-1.5e3,"\\u00e9\\\\"]}'
  const parsed = parseJson(Buffer.from(body), 8)
  expect(Object.entries(parsed as object)).toEqual([
    ['id', 1234567890123456789n],
    ['__proto__', [-1500, 'é\\']]
  ])
})

function asNumber(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value
}
