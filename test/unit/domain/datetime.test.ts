import { expect, test } from 'vitest'
import { parseDatetime } from '../../../src/domain/filter/index.ts'
import { Random } from '../../support/random.ts'
import { testSeed } from '../../support/seed.ts'

const micros = (text: string) => BigInt(Date.parse(text)) * 1000n

test.each([
  ['2015-03-01T12:30', '2015-03-01T12:30:00Z'],
  ['2015-02-01T08:00:00+02:00', '2015-02-01T06:00:00Z'],
  ['2015-01-01', '2015-01-01T00:00:00Z'],
  ['2015-01-01 00:00', '2015-01-01T00:00:00Z'],
  ['2015-02-01T06:00:00.000000000', '2015-02-01T06:00:00Z'],
  ['2015-01-01T01:00:00+0100', '2015-01-01T00:00:00Z'],
  ['2015-01-01T01:00:00-01', '2015-01-01T02:00:00Z'],
  ['2015-01-01 01:00:00 +01:00', '2015-01-01T00:00:00Z'],
  ['2015-01-01 01:00:00 UTC', '2015-01-01T01:00:00Z'],
  ['2016-02-29t23:59:60z', '2016-03-01T00:00:00Z'],
  ['1969-12-31T23:59:59Z', '1969-12-31T23:59:59Z'],
  ['0001-01-01', '0001-01-01T00:00:00Z']
])('%s is %s', (text, expected) => {
  expect(parseDatetime(text)).toBe(micros(expected))
})

test('fractions count to the microsecond, also before 1970', () => {
  expect(parseDatetime('1970-01-01T00:00:00.1234569Z')).toBe(123_456n)
  expect(parseDatetime('1970-01-01T00:00:00.5')).toBe(500_000n)
  expect(parseDatetime('1969-12-31T23:59:59.25')).toBe(-750_000n)
})

test.each([
  'Thu, 01 Jan 2015 01:00:00 +0100',
  '1422758400000',
  '1420070400',
  '2015-02-01 06:00:00 AM',
  '20150101',
  '2015-001',
  '2015-W01-1',
  '2015-01',
  '2015',
  '',
  '2015-02-29',
  '2015-13-01',
  '2015-00-10',
  '2015-01-01T24:00:00',
  '2015-01-01T00:60:00',
  '2015-01-01T00:00+01:00',
  '2015-01-01T00:00:00+24:00',
  '2015-01-01T00:00:00.',
  ' 2015-01-01'
])('"%s" is no date', (text) => {
  expect(parseDatetime(text)).toBeUndefined()
})

test('every date in ISO form is read as the system reads it', () => {
  const random = new Random(testSeed('dates'))
  for (let round = 0; round < 2000; round++) {
    // From the year 0 to 9999.
    const text = new Date(-62_167_219_200_000 + random.below(315_569_519_999_999)).toISOString()
    expect(parseDatetime(text), text).toBe(micros(text))
  }
})
