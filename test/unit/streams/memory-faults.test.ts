import { expect, test } from 'vitest'
import { isEngineError } from '../../../src/errors/index.ts'
import { MemoryStore, openMemoryLog } from '../../../streams/index.ts'
import { testSeed } from '../../support/seed.ts'

async function outcomes(seed: number, store = new MemoryStore()): Promise<string[]> {
  const faults = { full: 0.1, failed: 0.1, unknown: 0.2, duplicated: 0.1 }
  const log = openMemoryLog({ seed, store, faults })
  await log.createTopic('t', { partitions: 1 })
  const found: string[] = []
  for (let i = 0; i < 100; i++) {
    const done = log.append('t', 0, [Uint8Array.of(i)])
    found.push(await done.then(String, (error) => (isEngineError(error) ? error.code : 'other')))
  }
  await log.close()
  return found
}

test('one seed gives one sequence of faults', async () => {
  const seed = testSeed('memory faults')
  const first = await outcomes(seed)
  expect(await outcomes(seed)).toEqual(first)
  expect(new Set(first).size, `SEED=${seed}`).toBeGreaterThan(3)
})

test('a crash keeps what was acknowledged and loses what was not', async () => {
  const store = new MemoryStore()
  const log = openMemoryLog({ store })
  await log.createTopic('t', { partitions: 1 })
  await log.append('t', 0, [Uint8Array.of(1)])
  const lost = expect(log.append('t', 0, [Uint8Array.of(2)])).rejects.toMatchObject({
    code: 'MILLRACE_LOG_CLOSED'
  })
  log.crash()
  await lost
  expect((await openMemoryLog({ store }).ends('t', 0)).end).toBe(1n)
})
