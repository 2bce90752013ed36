import {
  countPoints,
  renderHits,
  renderInIdOrder,
  renderPoint,
  renderPoints,
  renderScroll,
  type ShardHandle,
  searchShard
} from '../engine/index.ts'
import {
  packHits,
  type ShardVerb,
  unpackCount,
  unpackEntries,
  unpackScroll,
  unpackSearch
} from './shard-messages.ts'

type Verb = (shard: ShardHandle, body: Uint8Array, deadlineNs: bigint) => Promise<Uint8Array>

const hitBytes = 32
const idBytes = 24
/** The asking node has the time of its request. */
const startNs = 0n

/** What another node may ask of a shard here. An answer without bytes says that what is asked for is not there. */
export const shardVerbs: Readonly<Record<ShardVerb, Verb>> = {
  async search(shard, body, deadlineNs) {
    return packHits(await searchShard(shard, { ...unpackSearch(body), deadlineNs }))
  },
  async hits(shard, body) {
    const { entries, shape } = unpackEntries(body)
    const order = Uint32Array.from({ length: (2 * entries.length) / hitBytes }, (_, index) =>
      index % 2 === 0 ? 0 : index >>> 1
    )
    const hits = { entries, largerIsBetter: true, nextOffset: 0n }
    const answer = await renderHits([shard], [hits], order, { ...shape, startNs }, 'search')
    return answer ?? new Uint8Array(0)
  },
  async points(shard, body) {
    const { entries, shape } = unpackEntries(body)
    const count = entries.length / idBytes
    const ids = { entries, count }
    return renderPoints([shard], ids, new Uint32Array(count), { ...shape, startNs })
  },
  async point(shard, body) {
    const { entries, shape } = unpackEntries(body)
    const ids = { entries, count: 1 }
    return renderPoint(shard, ids, { ...shape, startNs }) ?? new Uint8Array(0)
  },
  async scroll(shard, body) {
    const { from, limit, shape, filter, asHits } = unpackScroll(body)
    if (asHits) return renderInIdOrder([shard], { offset: 0, limit, filter }, { ...shape, startNs })
    const first = from && { entries: Buffer.from(from), count: 1 }
    return renderScroll([shard], first, limit, { ...shape, startNs }, filter)
  },
  async count(shard, body) {
    return Buffer.from(String(await countPoints([shard], unpackCount(body))))
  }
}
