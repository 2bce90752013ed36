import { expect, test } from 'vitest'
import type { EngineShardState } from '../../../actors/shard-engine.ts'
import { VisibleBarrier } from '../../../actors/visible-barrier.ts'
import { ManualClock } from '../../support/manual-clock.ts'

function barrierOf(defers: boolean) {
  const state = { nextOffset: 0n, visibleOffset: 0n }
  const clock = new ManualClock()
  let looks = 0
  const barrier = new VisibleBarrier({
    clock,
    engine: () => ({
      state() {
        looks += 1
        return state as EngineShardState
      }
    }),
    defers: () => defers
  })
  return { barrier, clock, state, looks: () => looks }
}

test('where nothing is deferred what was applied is visible, and the shard is not asked', async () => {
  const { barrier, looks } = barrierOf(false)
  barrier.advance(5n)
  expect(await barrier.reach(4n, 0)).toBeUndefined()
  expect(looks()).toBe(0)
})

test('P1 a read waits until a deferred offset is visible, and no longer', async () => {
  const { barrier, clock, state } = barrierOf(true)
  state.nextOffset = 5n
  state.visibleOffset = 2n
  barrier.advance(5n)
  expect(await barrier.reach(1n, 0)).toBeUndefined()
  const reached = barrier.reach(4n, 10_000)
  let isReached = false
  reached.then(() => {
    isReached = true
  })
  await clock.advance(100)
  expect(isReached).toBe(false)
  state.visibleOffset = 5n
  await clock.advance(100)
  expect(await reached).toBeUndefined()
  const last = barrier.reach(9n, 10_000)
  barrier.close()
  expect(await last).toBe(5)
})

test('an offset in a gap of the log is visible once all before it is', async () => {
  const { barrier, clock, state } = barrierOf(true)
  state.nextOffset = 5n
  state.visibleOffset = 2n
  barrier.advance(8n)
  const reached = barrier.reach(7n, 10_000)
  state.visibleOffset = 5n
  await clock.advance(100)
  expect(await reached).toBeUndefined()
})
