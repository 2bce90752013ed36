import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  collectionOfSubject,
  collectionToken,
  endpointSubject
} from '../../../src/api/nats/subjects.ts'
import { operations } from '../../../src/api/operations/index.ts'
import { testSeed } from '../../support/seed.ts'

const subjectOf = (name: string) => `some.prefix.v1.${collectionToken(name)}.query`

test('a plain name is its own token, every other is base32 behind a sign that no name has', () => {
  expect(collectionToken('words-2_b')).toBe('words-2_b')
  expect(collectionToken('two words')).toBe('=OR3W6IDXN5ZGI4Y')
  expect(collectionToken('a.b')).toBe('=MEXGE')
  expect(collectionToken('*')).toBe('=FI')
})

test('every name comes back from its token, which is one token of a subject', () => {
  const seed = testSeed('collection tokens')
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 60, unit: 'binary' }), (name) => {
      expect(collectionToken(name)).toMatch(/^[^\s.*>]+$/)
      expect(collectionOfSubject(subjectOf(name))).toBe(name)
    }),
    { seed, numRuns: 500 }
  )
})

test('what is no base32, and no UTF-8, names nothing', () => {
  for (const token of ['=1', '=!', '=A', '=77', '=MEXGF']) {
    expect(collectionOfSubject(`p.v1.${token}.query`)).toBeUndefined()
  }
})

test('P11 a name has one token: what is refused by its subject cannot be had by another', () => {
  for (const token of [
    '=O5XXEZDT',
    '=or3w6idxn5zgi4y',
    '=OR3W6IDXN5ZGI4Y=',
    'two words',
    'a,b',
    '*'
  ]) {
    expect(collectionOfSubject(`p.v1.${token}.query`)).toBeUndefined()
  }
})

test('operations on a collection have its token in their subject, others do not', () => {
  const subjects = operations.map((operation) => endpointSubject('p', operation))
  expect(new Set(subjects).size).toBe(operations.length)
  expect(subjects).toContain('p.v1.*.query')
  expect(subjects).toContain('p.v1.list_collections')
})
