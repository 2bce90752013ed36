import { expect, test } from 'vitest'
import { ActorWatch } from '../../../actors/actor-watch.ts'
import type { ActorReport } from '../../../actors/index.ts'
import type { ActorFacts } from '../../../src/domain/node-port.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const report: ActorReport = {
  kind: 'replica',
  name: 'c1.g0/0',
  collection: 'words',
  state: 'replaying',
  offset: '5',
  lagRecords: 7,
  restarts: 0,
  lastError: null,
  isBusy: true,
  isHalted: false
}

function watched() {
  const clock = new ManualClock()
  const told: ActorFacts[] = []
  let reports: readonly ActorReport[] = [report]
  const watch = new ActorWatch({
    clock,
    now: () => 1_700_000_000_000 + clock.nowMs(),
    stuckAfterMs: 600,
    reports: () => reports,
    onUnhealthy: (facts) => told.push(facts)
  })
  watch.start()
  const show = (changes: Partial<ActorReport>) => {
    reports = [{ ...report, ...changes }]
  }
  return { clock, told, show, watch, health: () => watch.look()[0]?.health }
}

test('an actor with work that does not move on is stuck, is told of once, and well again when it moves', async () => {
  const { clock, told, show, health } = watched()
  expect(health()).toBe('busy')
  await clock.advance(500)
  expect(health()).toBe('busy')
  await clock.advance(300)
  expect(health()).toBe('stuck')
  await clock.advance(1000)
  expect(told.map(({ name, health: found }) => [name, found])).toEqual([['c1.g0/0', 'stuck']])
  show({ offset: '6' })
  expect(health()).toBe('busy')
})

test('an actor without work is never stuck', async () => {
  const { clock, show, health } = watched()
  show({ isBusy: false, state: 'active' })
  await clock.advance(10_000)
  expect(health()).toBe('ok')
})

test('two failures in a row are a loop, and one that gave up is halted', () => {
  const { show, health } = watched()
  show({ restarts: 1 })
  expect(health()).toBe('busy')
  show({ restarts: 2 })
  expect(health()).toBe('crashLooping')
  show({ restarts: 5, isHalted: true })
  expect(health()).toBe('halted')
})

test('an actor says since when it has been in its state', async () => {
  const { clock, show, watch } = watched()
  await clock.advance(250)
  show({ state: 'active' })
  await clock.advance(150)
  await clock.advance(1000)
  expect(watch.look()[0]).toMatchObject({
    state: 'active',
    since: new Date(1_700_000_000_300).toISOString(),
    offset: '5',
    lagRecords: 7,
    lastError: null
  })
})
