import { expect, test } from 'vitest'
import type { ReplicaDescription } from '../../actors/index.ts'
import { RestClient } from '../../scripts/demo/rest-client.ts'
import { startServerProcess } from '../../scripts/demo/server-process.ts'
import { temporaryFolder } from '../support/folders.ts'
import { isOnKafka, logArguments, removeLog } from '../support/log-arguments.ts'

const rebuilds = 20

test('P5 P8 while shards are rebuilt one after the other, every write is seen and every search answered', async () => {
  // Checkpoints and trims all the while, so that rebuilds begin at the log's start and at checkpoints.
  const often = ['--checkpoints.everyBytes', '128KiB', '--checkpoints.everyMs', '100']
  const data = temporaryFolder()
  const short = ['--log.retentionBytes', '512KiB', '--log.segmentBytes', '256KiB']
  const log = isOnKafka ? await logArguments(data) : short
  const server = await startServerProcess(['--data', data, ...often, ...log])
  const [control, writer, reader] = Array.from({ length: 3 }, () => new RestClient(server.port))
  if (!control || !writer || !reader) throw new Error('no client')
  const shape = { vectors: { size: 16, distance: 'Dot' }, shard_number: 2 }
  await control.call('PUT', '/collections/c', shape)
  let isOver = false
  let writes = 0

  const writing = async () => {
    for (; !isOver; writes++) {
      const id = writes % 500
      const vector = Array.from({ length: 16 }, (_, index) => index + writes)
      const points = [{ id, vector, payload: { writes, text: 'x'.repeat(2000) } }]
      await writer.call('PUT', '/collections/c/points?wait=true', { points })
      const asked = { ids: [id], with_payload: true }
      const { result } = await writer.call('POST', '/collections/c/points', asked)
      expect(result).toMatchObject([{ payload: { writes } }])
    }
  }
  const reading = async () => {
    while (!isOver) {
      const query = Array.from({ length: 16 }, (_, index) => index)
      await reader.call('POST', '/collections/c/points/query', { query, limit: 10 })
    }
  }
  const rebuilding = async () => {
    for (let round = 0; round < rebuilds; round++) {
      const path = `/millrace/collections/c/shards/${round % 2}/rebuild`
      const { result } = await control.call('POST', path)
      expect(result).toMatchObject({ equal: true, swapped: true })
    }
  }
  const working = Promise.all([writing(), reading()])
  await rebuilding().finally(() => {
    isOver = true
  })
  await working
  expect(writes).toBeGreaterThan(0)
  const { result } = await control.call('GET', '/millrace/replicas')
  for (const { checkpoint, rebuildsUnequal } of (result as { shards: ReplicaDescription[] }[])[0]
    ?.shards ?? []) {
    expect([checkpoint.damaged, checkpoint.errors, rebuildsUnequal]).toEqual([[], 0, 0])
  }
  for (const client of [control, writer, reader]) client.close()
  await server.stop()
  await removeLog(data)
})
