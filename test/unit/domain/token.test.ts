import fc from 'fast-check'
import { expect, test } from 'vitest'
import { packMeta } from '../../../src/domain/record/index.ts'
import { decodeToken, encodeToken } from '../../../src/domain/token.ts'
import { EngineError } from '../../../src/errors/index.ts'
import { testSeed } from '../../support/seed.ts'

test('P5 a token keeps the highest offset of each shard', () => {
  const token = encodeToken({
    collectionId: 2n ** 40n,
    generation: 0,
    offsets: [
      { shard: 1, offset: 5n },
      { shard: 0, offset: 2n ** 60n },
      { shard: 1, offset: 4n }
    ]
  })
  expect(token).toMatch(/^[\w-]+$/)
  expect(decodeToken(token)).toEqual({
    collectionId: 2n ** 40n,
    generation: 0,
    offsets: [
      { shard: 1, offset: 5n },
      { shard: 0, offset: 2n ** 60n }
    ]
  })
})

test('P9 a token that names a shard twice is refused: each would be a wait of its own', () => {
  const part = [0, 1, 5]
  const token = Buffer.from(packMeta([1, 2, 0, part, part])).toString('base64url')
  expect(() => decodeToken(token)).toThrow('it is damaged')
})

test('whatever is no token is refused with its own error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
      try {
        decodeToken(text)
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError)
        expect(error).toMatchObject({ code: 'MILLRACE_TOKEN_INVALID' })
      }
    }),
    { seed: testSeed() }
  )
})
