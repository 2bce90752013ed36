import { expect, test } from 'vitest'
import { crc32c } from '../../../streams/index.ts'
import { randomFrom, testSeed } from '../../support/seed.ts'

test('the check value of CRC-32C comes out', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
  expect(crc32c(new Uint8Array(0))).toBe(0)
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
})

test('the sum of a whole is the chained sum of its parts, and the one of a bitwise loop', () => {
  const seed = testSeed('crc32c')
  const random = randomFrom(seed)
  for (let i = 0; i < 200; i++) {
    const bytes = new Uint8Array(Math.floor(random() * 100)).map(() => random() * 256)
    const cut = Math.floor(random() * (bytes.length + 1))
    const whole = crc32c(bytes)
    expect(crc32c(bytes.subarray(cut), crc32c(bytes.subarray(0, cut))), `SEED=${seed}`).toBe(whole)
    expect(whole, `SEED=${seed}`).toBe(bitwise(bytes))
  }
})

function bitwise(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}
