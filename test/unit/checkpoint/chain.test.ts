import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type ChainFile,
  type CheckpointManifest,
  planChain
} from '../../../src/checkpoint/index.ts'
import { testSeed } from '../../support/seed.ts'

const MiB = 1 << 20

function chain(...sizes: number[]): CheckpointManifest {
  const files = sizes.map(
    (bytes, index): ChainFile => ({
      file: `${index}.ckpt`,
      since: BigInt(index * 10),
      nextOffset: BigInt(index * 10 + 10),
      bytes,
      crc32c: 0,
      rows: bytes / MiB
    })
  )
  const nextOffset = BigInt(sizes.length * 10)
  return { nextOffset, digest: '', writtenMs: 0, liveRows: 1000, files }
}

test('the first checkpoint is whole', () => {
  expect(planChain(undefined, { appliedBytes: 1, liveRows: 1 })).toEqual({ since: 0n, files: [] })
})

test('a small change after a large checkpoint is a small file', () => {
  const newest = chain(1000 * MiB)
  expect(planChain(newest, { appliedBytes: MiB, liveRows: 1000 })).toEqual({
    since: 10n,
    files: newest.files
  })
})

test('trailing files of like size are merged, from the start of the first of them', () => {
  const newest = chain(1000 * MiB, 90 * MiB, 10 * MiB, 5 * MiB)
  const plan = planChain(newest, { appliedBytes: 4 * MiB, liveRows: 2000 })
  expect(plan).toEqual({ since: 20n, files: newest.files.slice(0, 2) })
})

test('when more than half of what is stored is dead, everything is written anew', () => {
  const newest = chain(1000 * MiB, 90 * MiB)
  expect(planChain(newest, { appliedBytes: MiB, liveRows: 544 }).since).toBe(0n)
  expect(planChain(newest, { appliedBytes: MiB, liveRows: 546 }).since).toBe(20n)
})

test('a chain stays short and each byte is rewritten a logarithmic number of times', () => {
  const seed = testSeed('chain')
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 200, maxLength: 400 }),
      (changes) => {
        let newest: CheckpointManifest | undefined
        let stored = 0
        let written = 0
        for (const change of changes) {
          const bytes = change * MiB
          stored += bytes
          const { since, files } = planChain(newest, {
            appliedBytes: bytes,
            liveRows: stored / MiB
          })
          const kept = files.reduce((sum, one) => sum + one.bytes, 0)
          const file = { bytes: stored - kept, rows: (stored - kept) / MiB, crc32c: 0, file: 'x' }
          const nextOffset = (newest?.nextOffset ?? 0n) + 10n
          written += file.bytes
          newest = {
            ...chain(),
            nextOffset,
            files: [...files, { ...file, since, nextOffset }]
          }
          expect(newest.files.length).toBeLessThan(2 + Math.log2(stored / MiB))
          expect(newest.files[0]?.since).toBe(0n)
          newest.files.forEach((one, index) => {
            const before = newest?.files[index - 1]
            if (before !== undefined) expect(one.since).toBe(before.nextOffset)
          })
        }
        expect(written / stored).toBeLessThan(2 + Math.log2(changes.length) * 2)
      }
    ),
    { seed, numRuns: 20 }
  )
})
