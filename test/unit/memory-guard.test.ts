import { expect, onTestFinished, test, vi } from 'vitest'
import { WriteGuard } from '../../actors/index.ts'
import { loadConfig } from '../../src/config/index.ts'
import { emptyDirectory } from '../../src/domain/directory.ts'
import { guardMemory } from '../../src/memory-guard.ts'
import { createLogger } from '../../src/observability/index.ts'

const MiB = 1 << 20

/** A guard with a budget of 100 MiB, whose process has what `resident` says. */
function guardOf(resident: { bytes: number; cold?: number }, releaseCaches = () => {}) {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const { config } = loadConfig(['--memory.budgetBytes', String(100 * MiB)], {})
  const memory = guardMemory({
    config,
    logger: createLogger('silent'),
    directory: () => emptyDirectory,
    releaseCaches,
    residentBytes: () => resident.bytes,
    coldBytes: () => resident.cold ?? 0
  })
  onTestFinished(() => memory.close())
  return memory
}

test('P9 what would pass the budget is refused, and past it everything that needs memory, until 3 % of it are free', () => {
  const resident = { bytes: 90 * MiB }
  const memory = guardOf(resident)
  const guard = new WriteGuard([memory])
  expect(memory.shortage(10 * MiB)).toBeUndefined()
  expect(memory.shortage(11 * MiB)).toMatchObject({ code: 'MILLRACE_MEMORY_LOW' })
  guard.checkCreation()

  resident.bytes = 101 * MiB
  vi.advanceTimersByTime(1000)
  expect(memory.describe()).toMatchObject({ isLow: true, budgetBytes: 100 * MiB })
  expect(() => guard.checkCreation()).toThrow(/budget is 104857600 bytes/)
  expect(guard.refusals).toBe(1)

  resident.bytes = 98 * MiB
  vi.advanceTimersByTime(1000)
  expect(() => guard.checkCreation()).toThrow()

  resident.bytes = 96 * MiB
  vi.advanceTimersByTime(1000)
  guard.checkCreation()
  expect(memory.describe().isLow).toBe(false)
})

test('what is kept to be read faster is let go of once, when things are quiet or memory is short', () => {
  const resident = { bytes: 30 * MiB }
  const released = vi.fn()
  guardOf(resident, released)
  vi.advanceTimersByTime(10_000)
  expect(released, 'nothing has grown').not.toHaveBeenCalled()

  for (let step = 0; step < 20; step++) {
    resident.bytes += 2 * MiB
    vi.advanceTimersByTime(200)
  }
  expect(released, 'it grows').not.toHaveBeenCalled()
  vi.advanceTimersByTime(10_000)
  expect(released).toHaveBeenCalledTimes(1)

  resident.bytes = 101 * MiB
  vi.advanceTimersByTime(1000)
  expect(released).toHaveBeenCalledTimes(2)
})

test('vectors that lie in files do not count for the budget, however many of them are in memory', () => {
  const resident = { bytes: 190 * MiB, cold: 100 * MiB }
  const memory = guardOf(resident)
  expect(memory.shortage(10 * MiB)).toBeUndefined()
  expect(memory.shortage(11 * MiB)).toMatchObject({ code: 'MILLRACE_MEMORY_LOW' })
  resident.cold = 80 * MiB
  vi.advanceTimersByTime(1000)
  expect(memory.describe()).toMatchObject({
    isLow: true,
    residentBytes: 190 * MiB,
    residentColdBytes: 80 * MiB
  })
})

test('without a budget there is one: most of what the machine has', () => {
  const { config } = loadConfig([], {})
  const memory = guardMemory({
    config,
    logger: createLogger('silent'),
    directory: () => emptyDirectory,
    releaseCaches: () => {}
  })
  onTestFinished(() => memory.close())
  const { budgetBytes, residentBytes, isLow } = memory.describe()
  expect(budgetBytes).toBeGreaterThan(residentBytes)
  expect(isLow).toBe(false)
})
