import { expect, test } from 'vitest'
import { startNodeLife } from '../../../actors/node-life.ts'
import { EngineError } from '../../../src/errors/index.ts'
import { type Log, MemoryLog } from '../../../streams/index.ts'
import { ManualClock, settle } from '../../support/manual-clock.ts'
import { quiet } from '../../support/model-node.ts'

async function life(stopActors = async () => {}) {
  const clock = new ManualClock()
  const memory = new MemoryLog()
  await memory.createTopic('millrace.meta', { partitions: 1 })
  const state = { answer: 'at once' as 'at once' | 'error' | 'never', refused: 0 }
  const log = {
    ends: async () => {
      if (state.answer === 'never') return new Promise(() => {})
      if (state.answer === 'at once') return memory.ends('millrace.meta', 0)
      throw new EngineError('MILLRACE_LOG_FAILED', { file: 'meta', reason: 'no broker' })
    }
  } as unknown as Log
  const node = startNodeLife({
    log,
    clock,
    logger: quiet,
    refuseWrites: () => {
      state.refused += 1
    },
    stopActors,
    onBroken: (error) => {
      throw error
    }
  })
  node.metadataReplayed()
  node.shardsCaughtUp()
  await settle()
  return { node, clock, state }
}

test.each(['error', 'never'] as const)(
  'a node whose log answers %s is isolated, and serves again when it answers',
  async (answer) => {
    const { node, clock, state } = await life()
    expect(node.state()).toBe('serving')
    await clock.advance(60_000)
    expect(node.state()).toBe('serving')
    state.answer = answer
    await clock.advance(20_000)
    expect(node.state()).toBe('isolated')
    expect(node.isolatedBy()).toMatch(answer === 'error' ? /no broker/ : /not answered within 5000/)
    state.answer = 'at once'
    await clock.advance(20_000)
    expect(node.state()).toBe('serving')
    expect(node.isolatedBy()).toBeUndefined()
  }
)

test('one lost answer of the log is no isolation', async () => {
  const { node, clock, state } = await life()
  state.answer = 'error'
  await clock.advance(5_000)
  state.answer = 'at once'
  await clock.advance(60_000)
  expect(node.report()).toMatchObject({ state: 'serving', lastError: null })
})

test('a node refuses writes, stops its actors, and asks the log nothing any more', async () => {
  const { node, clock, state } = await life()
  node.drain()
  await settle()
  expect([node.state(), state.refused]).toEqual(['draining', 1])
  await Promise.all([node.stop(), node.stop()])
  expect(node.state()).toBe('stopped')
  state.answer = 'error'
  await clock.advance(60_000)
  expect(node.state()).toBe('stopped')
})

test('a stop that fails says why, to everyone who waits for it', async () => {
  const { node } = await life(async () => {
    throw new Error('it cannot be closed')
  })
  await expect(node.stop()).rejects.toThrow('it cannot be closed')
  await expect(node.stop()).rejects.toThrow('it cannot be closed')
  expect(node.state()).toBe('stopped')
})
