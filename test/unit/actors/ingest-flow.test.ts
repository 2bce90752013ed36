import { expect, test } from 'vitest'
import { IngestFlow } from '../../../actors/ingest-flow.ts'
import { evenBucketMap } from '../../../src/domain/buckets.ts'
import type { CollectionView } from '../../../src/domain/directory.ts'
import type { RecordOutcome, WriteRequest } from '../../../src/domain/ports.ts'
import {
  decodeFrame,
  readSource,
  type SourceRange,
  sealFrame
} from '../../../src/domain/record/index.ts'
import { crc32c } from '../../../src/engine/index.ts'
import { mappingOf } from '../../../src/ingest/index.ts'
import type { DeadLetterRecord } from '../../../streams/index.ts'

const view: CollectionView = {
  name: 'c',
  id: 7n,
  generation: 0,
  schemaVersion: 1,
  spec: {
    vectors: [{ slot: 1, name: '', size: 2, distance: 'Dot' }],
    shardNumber: 2,
    request: {}
  } as CollectionView['spec'],
  shardOfBucket: evenBucketMap(2),
  shards: [0, 1].map((shard) => ({ shard, key: `k${shard}`, status: { kind: 'running' } }))
}

interface Write {
  readonly ranges: readonly (readonly [number, bigint, bigint])[]
  settle(rejection?: RecordOutcome['rejection']): void
}

/** A flow whose writes and dead letters the test settles by hand; its clock stands still. */
function flowOf(given: {
  positions?: readonly bigint[]
  flush?: { messages?: number; bytes?: number; ms?: number }
  setAside?: (letters: readonly DeadLetterRecord[]) => Promise<void>
}) {
  const writes: Write[] = []
  const events: string[] = []
  const failures: unknown[] = []
  const timers: (() => void)[] = []
  const flow = new IngestFlow({
    ingest: { id: 9n, name: 'i' },
    topic: 't',
    partition: 0,
    positions: given.positions ?? [0n, 0n],
    end: 0n,
    flush: { messages: 4, bytes: 1 << 20, ms: 0, ...given.flush },
    map: mappingOf({ format: 'sink', encoding: 'json', mapping: { id: 'id' } }, 64),
    view: () => view,
    limits: { recordBytes: 1 << 20, jsonDepth: 64 } as never,
    writePort: {
      submit({ records }: WriteRequest) {
        const ranges = records.map(({ shard, frame }) => {
          const { first, next } = sourceOf(frame)
          return [shard, first, next] as const
        })
        let settle: Write['settle'] = () => {}
        const applied = new Promise<readonly RecordOutcome[]>((resolve) => {
          settle = (rejection) =>
            resolve(records.map(({ shard }) => ({ shard, offset: 1n, affected: 1, rejection })))
        })
        writes.push({ ranges, settle })
        events.push('write')
        return { durable: Promise.resolve([]), applied }
      }
    },
    setAside: async (letters) => {
      events.push(`aside ${letters.map(({ key }) => key)}`)
      await given.setAside?.(letters)
    },
    clock: {
      nowMs: () => 0,
      after(_ms, call) {
        timers.push(call)
        return () => timers.splice(timers.indexOf(call), 1)
      }
    },
    onThrottled: (isThrottled) => events.push(isThrottled ? 'throttled' : 'released'),
    onApplied: ({ range }, messages) => events.push(`applied ${range.next} (${messages})`),
    onFailed: (cause) => failures.push(cause)
  })
  return { flow, writes, events, failures, timers }
}

function sourceOf(frame: Uint8Array): SourceRange {
  const seal = { producerId: 1n, sequence: 1n, writerEpoch: 1 }
  return readSource(decodeFrame(sealFrame(frame.slice(), seal, crc32c), crc32c)) as SourceRange
}

function batch(from: number, count: number, value?: string) {
  const messages = Array.from({ length: count }, (_, index) => ({
    offset: BigInt(from + index),
    key: null,
    value: Buffer.from(value ?? `{"id":${from + index},"vector":[1,2]}`)
  }))
  return { topic: 't', partition: 0, messages, next: BigInt(from + count), end: 1000n }
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 5))

test('flushes follow on each other, to every shard, and the position moves when they are applied', async () => {
  const { flow, writes, events } = flowOf({})
  flow.offer(batch(0, 6))
  await soon()
  expect(writes.map(({ ranges }) => ranges)).toEqual([
    [
      [0, 0n, 4n],
      [1, 0n, 4n]
    ],
    [
      [0, 4n, 6n],
      [1, 4n, 6n]
    ]
  ])
  expect(flow.report()).toEqual({ position: 0n, end: 1000n, isPaused: false })
  for (const { settle } of writes) settle()
  await soon()
  expect(flow.report().position).toBe(6n)
  expect(events.slice(-2)).toEqual(['applied 4 (4)', 'applied 6 (2)'])
})

test('few messages wait for others, but not longer than the flush may', async () => {
  const { flow, writes, timers } = flowOf({ flush: { ms: 20 } })
  flow.offer(batch(0, 1))
  flow.offer(batch(1, 1))
  await soon()
  expect([writes.length, timers.length]).toEqual([0, 1])
  timers[0]?.()
  await soon()
  expect(writes[0]?.ranges[0]).toEqual([0, 0n, 2n])
  flow.offer(batch(2, 4))
  await soon()
  expect(writes[1]?.ranges[0]).toEqual([0, 2n, 6n])
})

test('a shard that is ahead gets nothing before its position, and no flush crosses it', async () => {
  const { flow, writes } = flowOf({ positions: [2n, 5n] })
  expect(flow.start).toBe(2n)
  flow.offer(batch(2, 8))
  await soon()
  expect(writes.map(({ ranges }) => ranges)).toEqual([
    [[0, 2n, 5n]],
    [
      [0, 5n, 9n],
      [1, 5n, 9n]
    ],
    [
      [0, 9n, 10n],
      [1, 9n, 10n]
    ]
  ])
})

test('what the topic passed over moves the position like messages', async () => {
  const { flow, writes } = flowOf({})
  flow.offer({ ...batch(0, 0), next: 7n })
  flow.offer({ ...batch(9, 1), next: 12n })
  await soon()
  expect(writes.map(({ ranges }) => ranges[0])).toEqual([
    [0, 0n, 7n],
    [0, 7n, 12n]
  ])
})

test('poison is set aside before anything of its flush is written; when that fails nothing is', async () => {
  const fine = flowOf({})
  fine.flow.offer(batch(0, 2, 'poison'))
  await soon()
  expect(fine.events).toEqual(['aside t/0/0,t/0/1', 'write'])
  const failing = flowOf({
    setAside: () => Promise.reject(new Error('no broker'))
  })
  failing.flow.offer(batch(0, 2, 'poison'))
  failing.flow.offer(batch(2, 2))
  await soon()
  expect(failing.writes).toEqual([])
  expect(failing.failures).toEqual([new Error('no broker')])
})

test('four flushes are under way at most, and past a limit the source is paused until they are fewer', async () => {
  const { flow, writes, events } = flowOf({ flush: { messages: 4, bytes: 400 } })
  flow.offer(batch(0, 60))
  await soon()
  expect(writes).toHaveLength(4)
  expect(events).toContain('throttled')
  expect(flow.report().isPaused).toBe(true)
  for (let index = 0; index < 20; index++) {
    writes[index]?.settle()
    await soon()
  }
  expect(events).toContain('released')
  expect(flow.report()).toMatchObject({ position: 60n, isPaused: false })
})

test('a rejected record ends the flow once, and nothing is written afterwards', async () => {
  const { flow, writes, failures } = flowOf({})
  flow.offer(batch(0, 8))
  await soon()
  const details = { topic: 't', partition: 0, first: 0, position: 3 }
  writes[0]?.settle({ code: 'MILLRACE_SOURCE_APPLIED', details })
  writes[1]?.settle({ code: 'MILLRACE_SOURCE_GAP', details })
  await soon()
  flow.offer(batch(8, 4))
  await soon()
  expect(writes).toHaveLength(2)
  expect(failures).toEqual([
    expect.objectContaining({ code: 'MILLRACE_SOURCE_UNAVAILABLE', retryable: true })
  ])
})
