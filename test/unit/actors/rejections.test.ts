import { expect, test } from 'vitest'
import { OutcomeBoard, partitionKeyOf } from '../../../actors/outcome-board.ts'
import { Rejections } from '../../../actors/rejections.ts'
import { LogWritePort } from '../../../actors/write-port.ts'
import { topicOf } from '../../../src/domain/directory.ts'
import type { RecordOutcome } from '../../../src/domain/ports.ts'
import type { Log } from '../../../streams/index.ts'
import { plainCrc32c } from '../../support/crc32c.ts'
import { upsertFrame } from '../../support/model-node.ts'

const collectionId = 7n
const rejection = {
  code: 'MILLRACE_VECTOR_NAME_UNKNOWN',
  details: { name: 'x' }
} as const
const outcome = (offset: bigint, isRejected = true): RecordOutcome => ({
  shard: 0,
  offset,
  affected: 0,
  rejection: isRejected ? rejection : undefined
})

test('P9 the last 1,000 rejections are listed, all are counted', () => {
  const rejections = new Rejections()
  for (let offset = 0n; offset < 2500n; offset++) {
    rejections.note(offset % 5n === 0n ? 8n : collectionId, outcome(offset))
  }
  rejections.note(collectionId, outcome(2500n, false))
  const { count, newest } = rejections.report(collectionId)
  expect(count).toBe(2000)
  expect(newest).toHaveLength(800)
  expect(newest[0]).toMatchObject({ offset: '1501' })
  expect(newest.at(-1)).toEqual({
    shard: 0,
    offset: '2499',
    code: 'MILLRACE_VECTOR_NAME_UNKNOWN',
    reason: 'Wrong input: Not existing vector name error: x',
    rejectedMs: expect.any(Number)
  })
  expect(rejections.report(9n)).toEqual({ count: 0, newest: [] })
})

test('a rejection is listed when the writer did not wait, and only then', async () => {
  const board = new OutcomeBoard()
  const rejections = new Rejections()
  let end = 0n
  const log = {
    append: async (_topic: string, _partition: number, records: readonly Uint8Array[]) =>
      BigUint64Array.from(records, () => end++)
  } as unknown as Log
  const port = new LogWritePort({ log, board, producerId: 1n, crc32c: plainCrc32c, rejections })
  const submit = (answers: 'durable' | 'applied' | 'each') =>
    port.submit({
      collectionId,
      generation: 0,
      answers,
      records: [{ shard: 0, frame: upsertFrame(collectionId, [1n]) }]
    })
  const key = partitionKeyOf(topicOf(collectionId, 0), 0)
  for (const [index, answers] of (['applied', 'durable', 'durable', 'each'] as const).entries()) {
    const { durable, applied } = submit(answers)
    await durable
    board.deliver(key, BigInt(index + 1), outcome(BigInt(index), index !== 2))
    await applied
  }
  expect(rejections.report(collectionId)).toMatchObject({ count: 1, newest: [{ offset: '1' }] })
})
