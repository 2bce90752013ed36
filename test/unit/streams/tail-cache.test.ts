import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openEmbeddedLog } from '../../../streams/embedded/index.ts'
import { Random } from '../../support/random.ts'
import { testSeed } from '../../support/seed.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-tail-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

test('a cache that is released at any time leaves every record to be read, from everywhere', async () => {
  const random = new Random(testSeed('tail cache'))
  const log = await openEmbeddedLog({ folder, durability: 'os', tailCacheBytes: 1 << 16 })
  await log.createTopic('t', { partitions: 2 })
  const written: Uint8Array[][] = [[], []]
  for (let step = 0; step < 400; step++) {
    const partition = random.below(2)
    const own = written[partition] ?? []
    if (random.chance(0.05)) {
      log.releaseCache()
      expect(log.cacheBytes()).toBe(0)
    }
    const record = new Uint8Array(1 + random.below(2000)).fill(step)
    own.push(record)
    await log.append('t', partition, [record])
    const from = random.below(own.length)
    const batch = await log.read('t', partition, BigInt(from), { maxBytes: 1 << random.below(16) })
    expect(batch.offsets[0]).toBe(BigInt(from))
    batch.lengths.forEach((length, index) => {
      const at = batch.positions[index] ?? 0
      const expected = own[from + index] ?? new Uint8Array(0)
      expect(Buffer.compare(batch.bytes.subarray(at, at + length), expected)).toBe(0)
    })
  }
  expect(log.cacheBytes()).toBeGreaterThan(0)
  await log.close()
})
