import type { CollectionView } from '../domain/directory.ts'
import type { ShardPort } from '../domain/ports.ts'
import {
  type Caller,
  hitEntryBytes,
  hitId,
  type PointIds,
  type PointShape,
  type SearchHits
} from '../engine/index.ts'
import {
  compareIds,
  itemsOfList,
  itemsOfPage,
  listOf,
  type RenderedItem,
  responseOf,
  withTimeSince
} from './rendered.ts'
import type { ShardAccess } from './shard-access.ts'
import {
  packCount,
  packEntries,
  packScroll,
  packSearch,
  type ShardVerb,
  unpackHits
} from './shard-messages.ts'

/** Entries of one message: with them it stays far below the least `max_payload` that anyone sets. */
const entriesMax = 2048
const idBytes = 24

export interface RemoteOptions {
  readonly port: ShardPort
  /** Of the node that has a shard. */
  readonly peerOf: (shard: number) => number
  readonly deadlineNs: bigint
  readonly caller: Caller
}

/** The shards of a collection wherever they are: each is asked by messages, and what they answer is put together here. */
export function remoteShards(view: CollectionView, options: RemoteOptions): ShardAccess {
  const { port, peerOf, deadlineNs, caller } = options
  const ask = (shard: number, verb: ShardVerb, body: Uint8Array) =>
    port.ask({
      peerId: peerOf(shard),
      collectionId: view.id,
      generation: view.generation,
      shard,
      verb,
      body,
      deadlineNs,
      ...(caller.signal && { signal: caller.signal })
    })
  const askAll = (verb: ShardVerb, body: Uint8Array) =>
    Promise.all(view.shards.map(({ shard }) => ask(shard, verb, body)))
  /** The points of one shard that entries name. */
  const itemsOf = async (
    shard: number,
    verb: 'hits' | 'points',
    list: Entries,
    shape: PointShape
  ) =>
    Promise.all(
      list.messages().map(async (part) => {
        const answer = await ask(shard, verb, packEntries(part, shape))
        return answer.length === 0 ? [] : itemsOfList(answer)
      })
    )
  const itemsById = async (
    verb: 'hits' | 'points',
    lists: readonly Entries[],
    shape: PointShape
  ) => {
    const parts = await Promise.all(
      lists.map((list, shard) => (list.count === 0 ? [] : itemsOf(shard, verb, list, shape)))
    )
    return new Map(parts.flat(2).map((item) => [item.id, item]))
  }

  return {
    async search(plan) {
      const answers = await askAll('search', packSearch(plan))
      return answers.map(unpackHits)
    },

    async renderHits(hits, order, shape, form) {
      const lists = hits.map(() => new Entries(hitEntryBytes))
      const wanted: string[] = []
      for (let at = 0; at < order.length; at += 2) {
        const [shard = 0, index = 0] = [order[at], order[at + 1]]
        const found = hits[shard]
        if (found === undefined) continue
        lists[shard]?.add(found.entries, index)
        wanted.push(idText(found, index))
      }
      const found = await itemsById('hits', lists, shape)
      if (found.size < wanted.length) return null
      const items = inOrder(wanted, found)
      const list = listOf(items)
      return responseOf(form === 'query' ? ['{"points":', ...list, '}'] : list, shape.startNs)
    },

    async renderPoints(ids, shardOf, shape) {
      const lists = view.shards.map(() => new Entries(idBytes))
      const wanted: string[] = []
      for (let index = 0; index < ids.count; index++) {
        lists[shardOf[index] ?? 0]?.add(ids.entries, index)
        wanted.push(idOfEntry(ids, index))
      }
      const items = await itemsById('points', lists, shape)
      return responseOf(listOf(inOrder([...new Set(wanted)], items)), shape.startNs)
    },

    async renderPoint(shard, id, shape) {
      const answer = await ask(shard, 'point', packEntries(id.entries, shape))
      return answer.length === 0 ? null : withTimeSince(answer, shape.startNs)
    },

    async renderScroll(from, limit, shape, filter) {
      const body = packScroll({ from: from?.entries ?? null, limit, shape, filter })
      const pages = (await askAll('scroll', body)).map(itemsOfPage)
      const items = pages.flatMap((page) => page.items).sort((a, b) => compareIds(a.id, b.id))
      // What comes next is what did not fit, or what a shard has not shown yet.
      const left = [
        ...items.slice(limit).map(({ id }) => id),
        ...pages.flatMap(({ next }) => next ?? [])
      ]
      const [next = 'null'] = left.sort(compareIds)
      const list = listOf(items.slice(0, limit))
      return responseOf(['{"points":', ...list, `,"next_page_offset":${next}}`], shape.startNs)
    },

    async renderInIdOrder({ offset, limit, filter }, shape) {
      // Which shards have those that are left out only their merged lists tell.
      const most = offset + limit
      const body = packScroll({ from: null, limit: most, shape, filter, asHits: true })
      const items = (await askAll('scroll', body)).flatMap((answer) => itemsOfPage(answer).items)
      items.sort((a, b) => compareIds(a.id, b.id))
      return responseOf(['{"points":', ...listOf(items.slice(offset, most)), '}'], shape.startNs)
    },

    async count(filter) {
      const counts = await askAll('count', packCount(filter))
      return counts.reduce((sum, count) => sum + Number(Buffer.from(count).toString('latin1')), 0)
    }
  }
}

/** Entries for one shard, in the order in which they were added. */
class Entries {
  readonly #entryBytes: number
  readonly #parts: Buffer[] = []

  constructor(entryBytes: number) {
    this.#entryBytes = entryBytes
  }

  get count(): number {
    return this.#parts.length
  }

  add(entries: Buffer, index: number): void {
    this.#parts.push(entries.subarray(index * this.#entryBytes, (index + 1) * this.#entryBytes))
  }

  messages(): Buffer[] {
    const messages: Buffer[] = []
    for (let from = 0; from < this.count; from += entriesMax) {
      messages.push(Buffer.concat(this.#parts.slice(from, from + entriesMax)))
    }
    return messages
  }
}

/** A point that is not there is left out. */
function inOrder(
  wanted: readonly string[],
  items: ReadonlyMap<string, RenderedItem>
): RenderedItem[] {
  return wanted.flatMap((id) => items.get(id) ?? [])
}

function idText(hits: SearchHits, index: number): string {
  const id = hitId(hits, index)
  return typeof id === 'bigint' ? String(id) : `"${id}"`
}

/** An entry of `PointIds` has its id eight bytes nearer to the start than a hit. */
function idOfEntry({ entries }: PointIds, index: number): string {
  const at = index * idBytes
  const hit = Buffer.alloc(hitEntryBytes)
  entries.copy(hit, 0, at, at + 4)
  entries.copy(hit, 16, at + 8, at + idBytes)
  return idText({ entries: hit, largerIsBetter: true, nextOffset: 0n }, 0)
}
