import { expect, test, vi } from 'vitest'
import { DiskSpace, type DiskSpaceState } from '../../../streams/index.ts'
import { MemoryFiles } from '../../support/memory-files.ts'

async function watched(capacity: number, minFreeBytes = 100) {
  const files = new MemoryFiles()
  files.capacity = capacity
  const changes: DiskSpaceState[] = []
  const failures: unknown[] = []
  const space = await DiskSpace.watch({
    files,
    folder: '/',
    minFreeBytes,
    marginBytes: 20,
    onChange: (state) => changes.push(state),
    onFailure: (error) => failures.push(error)
  })
  return { files, space, changes, failures }
}

test('a disk is low below the minimum and until the margin over it is free', async () => {
  const { files, space, changes } = await watched(100)
  const lows: boolean[] = []
  for (const free of [100, 99, 100, 119, 120, 100, 99]) {
    files.capacity = free
    await space.refresh()
    lows.push(space.state.isLow)
  }
  expect(lows).toEqual([false, true, true, true, false, false, true])
  expect(changes.map(({ isLow, freeBytes }) => [isLow, freeBytes])).toEqual([
    [true, 99],
    [false, 120],
    [true, 99]
  ])
  space.close()
})

test('the disk is asked by itself, and a minimum of 0 is never reached', async () => {
  vi.useFakeTimers()
  try {
    const { files, space, changes } = await watched(1000)
    const off = await watched(0, 0)
    files.capacity = 5
    await vi.advanceTimersByTimeAsync(1001)
    expect(changes.length).toBe(1)
    space.close()
    files.capacity = 1000
    await vi.advanceTimersByTimeAsync(5000)
    expect(changes.length).toBe(1)
    expect(off.space.state.isLow).toBe(false)
    off.space.close()
  } finally {
    vi.useRealTimers()
  }
})

test('when the disk cannot be asked the last answer stands', async () => {
  const { files, space, failures } = await watched(10)
  files.onCall = () => {
    throw new Error('EIO')
  }
  files.capacity = 1000
  await space.refresh()
  expect([space.state.isLow, failures.length]).toEqual([true, 1])
  files.onCall = () => {}
  await space.refresh()
  expect(space.state.isLow).toBe(false)
  space.close()
})
