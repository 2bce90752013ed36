import { expect, test } from 'vitest'
import type { CollectionView } from '../../../src/domain/directory.ts'
import type { ShardPort } from '../../../src/domain/ports.ts'
import { hitEntryBytes } from '../../../src/engine/index.ts'
import { answerNearest, remoteShards } from '../../../src/query/index.ts'
import { responseOf } from '../../../src/query/rendered.ts'
import { packHits } from '../../../src/query/shard-messages.ts'

const plan = {
  slot: 0,
  query: Float32Array.of(1),
  k: 10,
  offset: 0,
  limit: 10,
  exact: false,
  ef: 64,
  scoreThreshold: undefined,
  filter: null
}
const shape = { payload: true, vectors: false, startNs: 0n }
const form = 'query' as const
const inMs = (ms: number) => process.hrtime.bigint() + BigInt(ms) * 1_000_000n

/** One shard with one point, whose segment is replaced after each of the first `swaps` searches. */
function shardThatIsReplaced(swaps: number) {
  const asked: string[] = []
  const port = {
    async ask({ verb }: { readonly verb: string }) {
      asked.push(verb)
      if (verb === 'search') {
        return packHits({
          entries: Buffer.alloc(hitEntryBytes),
          largerIsBetter: true,
          nextOffset: 1n
        })
      }
      const isReplaced = asked.length / 2 <= swaps
      return isReplaced ? new Uint8Array(0) : responseOf(['[{"id":0,"payload":{}}]'], 0n)
    }
  } as unknown as ShardPort
  const view = { id: 1n, generation: 0, shards: [{ shard: 0 }] } as unknown as CollectionView
  const options = { port, peerOf: () => 1, deadlineNs: 0n, caller: {} }
  return { asked, shards: remoteShards(view, options) }
}

test('P5 a search is made again when its hits can no longer be shown as it saw them', async () => {
  const { asked, shards } = shardThatIsReplaced(2)
  const answer = await answerNearest(shards, plan, shape, form, inMs(10_000), {})
  expect(JSON.parse(answer.toString())).toMatchObject({ result: { points: [{ id: 0 }] } })
  expect(asked).toEqual(['search', 'hits', 'search', 'hits', 'search', 'hits'])
})

test('a search whose hits are all there is made once', async () => {
  const { asked, shards } = shardThatIsReplaced(0)
  await answerNearest(shards, plan, shape, form, inMs(10_000), {})
  expect(asked).toEqual(['search', 'hits'])
})

test('P9 a search whose hits can never be shown ends at its deadline', async () => {
  const { asked, shards } = shardThatIsReplaced(Number.POSITIVE_INFINITY)
  const answer = answerNearest(shards, plan, shape, form, inMs(20), {})
  await expect(answer).rejects.toMatchObject({ code: 'MILLRACE_DEADLINE_PASSED' })
  expect(asked.length).toBeGreaterThanOrEqual(2)
  const before = asked.length
  await new Promise(setImmediate)
  expect(asked.length).toBe(before)
})
