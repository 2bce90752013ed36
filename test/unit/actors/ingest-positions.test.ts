import { expect, test } from 'vitest'
import { type AppliedPosition, partitionStarts } from '../../../actors/ingest-positions.ts'
import type { IngestSpec, IngestStart } from '../../../src/domain/ingest.ts'
import type { Source, SourcePartition } from '../../../streams/index.ts'

const partition = (number: number, start = 10n, end = 20n): SourcePartition => ({
  topic: 't',
  partition: number,
  start,
  end
})
const at = (next: bigint, number = 0, ingest = 9n): AppliedPosition => ({
  ingest,
  topic: 't',
  partition: number,
  next
})

function startsOf(
  partitions: readonly SourcePartition[],
  applied: readonly (readonly AppliedPosition[])[],
  start: IngestStart = 'earliest'
) {
  const source = {
    partitions: async () => partitions,
    positionsAt: async (timeMs: number) => [{ topic: 't', partition: 0, position: BigInt(timeMs) }]
  } as unknown as Source
  const entry = { id: 9n, spec: { start } as IngestSpec }
  return partitionStarts(entry, source, applied).then((starts) =>
    starts.map(({ positions, unmarked }) => ({ positions, unmarked }))
  )
}

test('where nothing was read yet the start decides, and every shard is told', async () => {
  const fresh = (position: bigint) => [{ positions: [position, position], unmarked: [0, 1] }]
  expect(await startsOf([partition(0)], [[], []])).toEqual(fresh(10n))
  expect(await startsOf([partition(0)], [[], []], 'latest')).toEqual(fresh(20n))
  expect(await startsOf([partition(0)], [[], []], { time_ms: 13 })).toEqual(fresh(13n))
  const offsets = { offsets: { t: { 0: 15 } } }
  expect(await startsOf([partition(0)], [[], []], offsets)).toEqual(fresh(15n))
  const far = { offsets: { t: { 0: 3 } } }
  expect(await startsOf([partition(0)], [[], []], far)).toEqual(fresh(10n))
  expect(await startsOf([partition(0)], [[at(3n, 0, 8n)], []], 'latest')).toEqual(fresh(20n))
})

test('where something was read each shard goes on from its own position', async () => {
  expect(await startsOf([partition(0)], [[at(12n)], [at(17n)]], 'latest')).toEqual([
    { positions: [12n, 17n], unmarked: [] }
  ])
})

test('a shard that was not told before a crash begins where the others are', async () => {
  expect(await startsOf([partition(0)], [[at(12n)], []], 'latest')).toEqual([
    { positions: [12n, 12n], unmarked: [1] }
  ])
})

test('a partition that came later is read whole, whatever the start says', async () => {
  expect(await startsOf([partition(0), partition(1)], [[at(12n)], [at(12n)]], 'latest')).toEqual([
    { positions: [12n, 12n], unmarked: [] },
    { positions: [10n, 10n], unmarked: [0, 1] }
  ])
})

test('a topic that ends before what was applied was made anew', async () => {
  await expect(startsOf([partition(0)], [[at(15n)], [at(21n)]])).rejects.toMatchObject({
    code: 'MILLRACE_SOURCE_RECREATED',
    details: { position: 21n, end: 20n }
  })
})

test('a topic that begins behind what was applied has lost messages', async () => {
  await expect(startsOf([partition(0)], [[at(9n)], [at(15n)]])).rejects.toMatchObject({
    code: 'MILLRACE_SOURCE_TRIMMED'
  })
})
