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
      const read = JSON.stringify(readJson(spaced), (_, value) =>
        typeof value === 'bigint' ? Number(value) : value
      )
      expect(read).toBe(JSON.stringify(JSON.parse(spaced)))
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
