import { expect, test } from 'vitest'
import { comparePointIds, pointIdFromJson, pointIdFromPath } from '../../../src/domain/point-id.ts'

const uuid = '550e8400-e29b-41d4-a716-446655440000'

test.each([
  [uuid],
  [uuid.toUpperCase()],
  [uuid.replaceAll('-', '')],
  [`urn:uuid:${uuid}`],
  [`{${uuid}}`]
])('%s is the lowercase hyphenated UUID', (text) => {
  expect(pointIdFromJson(text)).toBe(uuid)
})

test.each([
  [-1],
  [1.5],
  ['12'],
  ['x'],
  [null],
  [{}],
  [2n ** 64n],
  [`{${uuid}`],
  [`urn:uuid:{${uuid}}`],
  ['']
])('%s in a body is no id', (value) => {
  expect(pointIdFromJson(value)).toBeUndefined()
})

test('numbers keep all 64 bits', () => {
  expect(pointIdFromJson(2n ** 64n - 1n)).toBe(2n ** 64n - 1n)
  expect(pointIdFromJson(5)).toBe(5n)
})

test('a path segment is a number first, then a UUID', () => {
  expect(pointIdFromPath('18446744073709551615')).toBe(2n ** 64n - 1n)
  expect(pointIdFromPath(uuid.replaceAll('-', ''))).toBe(uuid)
  expect(pointIdFromPath('18446744073709551616')).toBeUndefined()
  expect(pointIdFromPath('1.0')).toBeUndefined()
})

test('all numbers sort before all UUIDs', () => {
  const sorted = [uuid, 10n, 9n, '00000000-0000-0000-0000-000000000000'].sort(comparePointIds)
  expect(sorted).toEqual([9n, 10n, '00000000-0000-0000-0000-000000000000', uuid])
})
