import { expect, test } from 'vitest'
import { GraphKeeper } from '../../../actors/graph-keeper.ts'
import type { EngineShard } from '../../../actors/shard-engine.ts'
import { Turns } from '../../../actors/turns.ts'
import type { GraphFiles } from '../../../src/checkpoint/index.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { quiet } from '../../support/model-node.ts'

const grown = { graphChanges: 100, indexedVectors: 100, waitingVectors: 0 }

/** A keeper of a graph, which stands still if not told otherwise, and whose captures and writes do what `attempts` say, one after the other. */
function keeperWith(attempts: ('no capture' | 'no write' | 'written')[], graph = grown) {
  const clock = new ManualClock()
  const done: string[] = []
  const engine = {
    state: () => graph,
    async captureGraphs() {
      if (attempts[0] !== 'no capture') return { nextOffset: 1n, source: async () => null }
      done.push(attempts.shift() ?? '')
      return undefined
    }
  } as unknown as EngineShard
  const files = {
    async write() {
      const attempt = attempts.shift() ?? 'written'
      done.push(attempt)
      if (attempt === 'no write') throw new Error('no space')
      return { bytes: 1 }
    }
  } as unknown as GraphFiles
  const keeper = new GraphKeeper({
    engine,
    everyMs: 100,
    writeTurns: new Turns(1),
    clock,
    logger: quiet
  })
  keeper.use(files)
  return { keeper, clock, done }
}

test('a graph that could not be captured or written is tried again, though nothing more is written by users', async () => {
  const { keeper, clock, done } = keeperWith(['no capture', 'no write', 'no capture', 'written'])
  await clock.advance(150)
  expect(done).toEqual(['no capture'])
  await clock.advance(1000)
  expect(done).toEqual(['no capture', 'no write', 'no capture', 'written'])
  await keeper.stop()
})

test('a graph whose vectors wait when it looks is written once they are all in it', async () => {
  const graph = { graphChanges: 0, indexedVectors: 0, waitingVectors: 100 }
  const { keeper, clock, done } = keeperWith(['written'], graph)
  await clock.advance(1000)
  expect(done).toEqual([])
  Object.assign(graph, grown)
  await clock.advance(250)
  expect(done).toEqual(['written'])
  await keeper.stop()
})

test('nothing is tried again once a graph is written, or after the stop', async () => {
  const { keeper, clock, done } = keeperWith(['written'])
  await clock.advance(2000)
  expect(done).toEqual(['written'])
  await keeper.stop()
  const stopped = keeperWith(['no capture', 'written'])
  await stopped.clock.advance(150)
  await stopped.keeper.stop()
  await stopped.clock.advance(2000)
  expect(stopped.done).toEqual(['no capture'])
})
