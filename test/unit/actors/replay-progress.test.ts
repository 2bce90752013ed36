import { expect, test } from 'vitest'
import { ReplayProgress } from '../../../actors/replay-progress.ts'

test('before anything was applied neither rate nor end is known', () => {
  const progress = new ReplayProgress(1000)
  expect(progress.rate(500, 1000)).toEqual({ recordsPerSecond: 0, etaMs: null })
  expect(progress.rate(500, 3000)).toEqual({ recordsPerSecond: 0, etaMs: null })
})

test('the rate is that of the last seconds, and the end follows from it', () => {
  const progress = new ReplayProgress(0)
  for (let ms = 100; ms <= 10_000; ms += 100) progress.note(10, ms)
  expect(progress.rate(1000, 10_000)).toEqual({ recordsPerSecond: 100, etaMs: 10_000 })
  for (let ms = 10_100; ms <= 20_000; ms += 100) progress.note(100, ms)
  expect(progress.rate(1000, 20_000)).toEqual({ recordsPerSecond: 1000, etaMs: 1000 })
})
