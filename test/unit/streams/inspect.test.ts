import { expect, test } from 'vitest'
import { inspectLog, openEmbeddedLog } from '../../../streams/index.ts'
import { FaultyFiles } from '../../support/faulty-files.ts'

test('inspecting lists every batch with its place and finds the damaged one', async () => {
  const files = new FaultyFiles()
  const log = await openEmbeddedLog({ folder: '/log', files, segmentBytes: 4096 })
  await log.createTopic('t', { partitions: 1 })
  for (let i = 0; i < 12; i++) await log.append('t', 0, [new Uint8Array(600).fill(i)])
  await log.close()
  const inspect = async () => {
    for await (const partition of inspectLog({ folder: '/log', files })) return partition
    throw new Error('no partition was found')
  }
  const { segments } = await inspect()
  expect(segments.map(({ verdict }) => verdict)).toEqual(segments.map(() => 'whole'))
  const batches = segments.flatMap((segment) => segment.batches)
  expect(batches.map(({ baseOffset }) => baseOffset)).toEqual(Array.from(batches.keys()))
  expect(batches.length).toBe(12)
  const path = segments[0]?.file ?? ''
  const bytes = files.content(path)
  bytes[900] = (bytes[900] ?? 0) ^ 1
  expect((await inspect()).segments[0]?.verdict).toBe('damaged')
})
