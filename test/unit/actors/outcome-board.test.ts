import { expect, test } from 'vitest'
import { OutcomeBoard } from '../../../actors/outcome-board.ts'
import { EngineError } from '../../../src/errors/index.ts'

const stopped = new EngineError('MILLRACE_SHARD_STOPPED', { shard: 0, offset: 1n, reason: 'fire' })

test('who comes after a partition was closed is told at once, as those are who waited', async () => {
  const board = new OutcomeBoard()
  const before = board.expect('t/0', 1n)
  board.closePartition('t/0', stopped)
  await expect(before).rejects.toBe(stopped)
  await expect(board.expect('t/0', 2n)).rejects.toBe(stopped)
  const other = board.expect('t/1', 1n)
  board.deliver('t/1', 1n, { shard: 1, offset: 0n, affected: 0, rejection: undefined })
  expect(await other).toMatchObject({ shard: 1 })
})
