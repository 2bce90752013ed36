import { expect, test } from 'vitest'
import { evenBucketMap } from '../../src/domain/buckets.ts'
import { comparePointIds, type PointId } from '../../src/domain/point-id.ts'
import { encodeFrame, idsSection, recordKinds, sealFrame } from '../../src/domain/record/index.ts'
import {
  bucketOf,
  closeShard,
  countPoints,
  crc32c,
  hitId,
  hitScore,
  makeEncodeTarget,
  openShard,
  parsePointIds,
  parseUpsert,
  renderPoints,
  renderScroll,
  type ShardHandle,
  searchShard,
  shardState,
  type VectorSlot
} from '../../src/engine/index.ts'
import { mergeHits } from '../../src/query/index.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'
import { applyFrames, collectionId, schemaFrame } from '../unit/engine/frames.ts'
import { asStored, isSimilarity, type PlainPoint, ranking } from './shard-model.ts'

const shards = 3
const shardOfBucket = evenBucketMap(shards)
const vectors: readonly VectorSlot[] = [
  { slot: 1, name: '', size: 7, distance: 'Cosine' },
  { slot: 2, name: 'dot', size: 3, distance: 'Dot' },
  { slot: 5, name: 'euclid', size: 16, distance: 'Euclid' },
  { slot: 9, name: 'manhattan', size: 5, distance: 'Manhattan' }
]
const target = makeEncodeTarget({
  collectionId,
  schemaVersion: 1,
  vectors,
  shardOfBucket,
  shards,
  recordBytesTarget: 4096
})

interface InputPoint {
  readonly id: PointId
  readonly vector: Readonly<Record<string, readonly number[]>>
  readonly payload?: object
}

type Operation =
  | { readonly kind: 'upsert'; readonly points: readonly InputPoint[] }
  | { readonly kind: 'delete'; readonly ids: readonly PointId[] }
  | { readonly kind: 'retrieve'; readonly ids: readonly PointId[] }
  | { readonly kind: 'scroll'; readonly from: PointId | null; readonly limit: number }
  | {
      readonly kind: 'search'
      readonly slot: number
      readonly query: readonly number[]
      readonly limit: number
      readonly offset: number
      readonly scoreThreshold?: number
    }

/** Bigints as plain numbers, which is how a body spells them. */
function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item) =>
    typeof item === 'bigint' ? `#${item}#` : item
  ).replace(/"#(\d+)#"/g, '$1')
}

class OperationMaker {
  readonly #random: Random
  /** Few, so that points are replaced, deleted and written again. */
  readonly #ids: readonly PointId[]

  constructor(random: Random) {
    this.#random = random
    const hex = () => Array.from({ length: 32 }, () => random.below(16).toString(16)).join('')
    this.#ids = Array.from({ length: 60 }, (_, i) => {
      if (i % 3 === 0) return hex().replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
      return i % 3 === 1 ? BigInt(random.below(100)) : 2n ** 64n - 1n - BigInt(random.below(1000))
    })
  }

  next(): Operation {
    const dice = this.#random.below(10)
    if (dice < 4) return { kind: 'upsert', points: this.#some(12, () => this.#point()) }
    if (dice < 5) return { kind: 'delete', ids: this.#some(8, () => this.#id()) }
    if (dice < 6) return { kind: 'retrieve', ids: this.#some(9, () => this.#id()) }
    if (dice < 7) {
      const from = this.#random.chance(0.3) ? null : this.#id()
      return { kind: 'scroll', from, limit: 1 + this.#random.below(25) }
    }
    return this.#search()
  }

  #search(): Operation {
    const { slot, size } = this.#random.pick(vectors)
    return {
      kind: 'search',
      slot,
      query: this.#vector(size),
      limit: 1 + this.#random.below(15),
      offset: this.#random.below(4),
      ...(this.#random.chance(0.3) && { scoreThreshold: Math.fround(this.#random.next() * 4) })
    }
  }

  #point(): InputPoint {
    const named = vectors.filter(() => this.#random.chance(0.8))
    return {
      id: this.#id(),
      vector: Object.fromEntries(named.map(({ name, size }) => [name, this.#vector(size)])),
      ...(this.#random.chance(0.7) && { payload: { n: this.#random.below(99), t: ['ü', null] } })
    }
  }

  /** Small whole numbers make equal scores; others do not. */
  #vector(size: number): number[] {
    const isCoarse = this.#random.chance(0.5)
    return Array.from({ length: size }, () =>
      isCoarse ? this.#random.below(3) - 1 : Math.fround(this.#random.next() * 4 - 2)
    )
  }

  #id(): PointId {
    return this.#random.pick(this.#ids)
  }

  #some<Item>(most: number, make: () => Item): Item[] {
    return Array.from({ length: this.#random.below(most + 1) }, make)
  }
}

/** The shards of one collection and the model beside them. */
class Pair {
  readonly handles: readonly ShardHandle[]
  readonly frames: Buffer[][] = Array.from({ length: shards }, (_, shard) => [
    Buffer.from(this.#seal(schemaFrame(vectors, shard), 1n))
  ])
  readonly #applied: number[] = Array.from({ length: shards }, () => 0)
  readonly #model = new Map<PointId, PlainPoint>()

  constructor(key: string) {
    this.handles = Array.from({ length: shards }, (_, i) =>
      openShard(`${key}.${i}`, collectionId, i)
    )
  }

  async run(operation: Operation): Promise<void> {
    switch (operation.kind) {
      case 'upsert':
        return this.#upsert(operation.points)
      case 'delete':
        return this.#delete(operation.ids)
      case 'retrieve':
        return this.#retrieve(operation.ids)
      case 'scroll':
        return this.#scroll(operation.from, operation.limit)
      case 'search':
        return this.#search(operation)
    }
  }

  async #upsert(points: readonly InputPoint[]): Promise<void> {
    const parsed = parseUpsert(Buffer.from(toJson({ points })), target)
    expect(parsed.verdict).toBe('accepted')
    for (const { shard, frame } of parsed.records) this.#append(shard, frame)
    for (const { id, vector, payload = {} } of points) {
      const stored = vectors.flatMap((slot) => {
        const values = vector[slot.name]
        return values === undefined ? [] : [[slot.slot, asStored(values, slot)] as const]
      })
      this.#model.set(id, { id, vectors: new Map(stored), payload })
    }
    await this.#apply()
  }

  async #delete(ids: readonly PointId[]): Promise<void> {
    const { shardOf } = located(ids)
    for (let shard = 0; shard < shards; shard++) {
      const own = ids.filter((_, i) => shardOf[i] === shard)
      const kind = recordKinds.deletePoints
      const plain = {
        kind,
        collectionId,
        schemaVersion: 1,
        count: own.length,
        sections: [idsSection(own)]
      }
      if (own.length > 0) this.#append(shard, encodeFrame(plain, crc32c))
    }
    for (const id of ids) this.#model.delete(id)
    await this.#apply()
  }

  #append(shard: number, frame: Uint8Array): void {
    const all = this.frames[shard] ?? []
    all.push(Buffer.from(this.#seal(frame, BigInt(all.length + 1))))
  }

  #seal(frame: Uint8Array, sequence: bigint): Uint8Array {
    return sealFrame(frame, { producerId: 3n, sequence, writerEpoch: 1 }, crc32c)
  }

  async #apply(): Promise<void> {
    for (const [shard, handle] of this.handles.entries()) {
      const from = this.#applied[shard] ?? 0
      const frames = (this.frames[shard] ?? []).slice(from)
      const { outcomes, stop } = await applyFrames(handle, frames, from)
      expect([stop, outcomes.filter(({ rejection }) => rejection)]).toEqual([null, []])
      this.#applied[shard] = from + frames.length
    }
    expect(countPoints(this.handles)).toBe(this.#model.size)
  }

  async #retrieve(ids: readonly PointId[]): Promise<void> {
    const { entries, shardOf } = located(ids)
    const response = await renderPoints(this.handles, entries, shardOf, everything())
    const known = [...new Set(ids)].flatMap((id) => this.#model.get(id) ?? [])
    expectPoints(readResult(response), known)
  }

  async #scroll(from: PointId | null, limit: number): Promise<void> {
    const first = from === null ? null : parsePointIds([String(from)])
    const response = await renderScroll(this.handles, first, limit, everything())
    const ids = [...this.#model.keys()]
      .filter((id) => from === null || comparePointIds(id, from) >= 0)
      .sort(comparePointIds)
    const result = readResult(response)
    expectPoints(
      result.points,
      ids.slice(0, limit).flatMap((id) => this.#model.get(id) ?? [])
    )
    expect(result.next_page_offset).toBe(String(ids[limit] ?? null))
  }

  async #search(plan: Operation & { kind: 'search' }): Promise<void> {
    const slot = vectors.find((one) => one.slot === plan.slot) as VectorSlot
    const { limit, offset, scoreThreshold } = plan
    const query = Float32Array.from(plan.query)
    const threshold = scoreThreshold === undefined ? {} : { scoreThreshold }
    const search = { slot: slot.slot, query, k: limit + offset, exact: true, ...threshold }
    const hits = await Promise.all(this.handles.map((shard) => searchShard(shard, search)))
    const order = mergeHits(hits, offset, limit)
    const found = Array.from({ length: order.length / 2 }, (_, i) => {
      const shard = hits[order[2 * i] ?? 0] as (typeof hits)[number]
      const hit = order[2 * i + 1] ?? 0
      return { id: hitId(shard, hit), score: hitScore(shard, hit) }
    })
    const all = ranking(this.#model.values(), slot, plan.query)
    const byId = new Map(all.map((one) => [one.id, one]))
    const sign = isSimilarity(slot) ? 1 : -1
    const passes = (score: number) =>
      scoreThreshold === undefined || sign * (score - scoreThreshold) > 0
    // Points within an f32's error of the threshold may fall on either side of it.
    const sure = all.filter(({ score, tolerance }) => passes(score - sign * tolerance)).length
    const possible = all.filter(({ score, tolerance }) => passes(score + sign * tolerance))
    expect(found.length).toBeGreaterThanOrEqual(Math.min(limit, Math.max(0, sure - offset)))
    expect(found.length).toBeLessThanOrEqual(Math.min(limit, Math.max(0, possible.length - offset)))
    for (const [rank, { id, score }] of found.entries()) {
      const own = byId.get(id)
      const wanted = possible[offset + rank]
      if (own === undefined || wanted === undefined)
        throw new Error(`hit ${String(id)} is no point`)
      expect(Math.abs(score - own.score)).toBeLessThanOrEqual(own.tolerance)
      // The hit at a rank has that rank's score, within the error of both; equal f32 scores are ordered by id.
      const slack = maxTolerance(possible)
      if (sure === possible.length)
        expect(Math.abs(score - wanted.score)).toBeLessThanOrEqual(2 * slack)
      const before = found[rank - 1]
      if (before === undefined) continue
      const step = before.score - score || comparePointIds(before.id, id)
      expect(sign * step).toBeGreaterThan(0)
    }
    expect(new Set(found.map(({ id }) => id)).size).toBe(found.length)
  }
}

function maxTolerance(scored: readonly { readonly tolerance: number }[]): number {
  return scored.reduce((most, { tolerance }) => Math.max(most, tolerance), 0)
}

function everything() {
  return { payload: true, vectors: true, startNs: process.hrtime.bigint() }
}

function located(ids: readonly PointId[]) {
  const entries = parsePointIds(ids.map(String))
  const shardOf = Uint32Array.from(ids, (_, i) => shardOfBucket[bucketOf(entries, i)] ?? 0)
  return { entries, shardOf }
}

/** Ids as texts: JSON.parse would round the large ones. */
function readResult(response: Buffer) {
  const text = String(response)
  return JSON.parse(text.replace(/("id"|"next_page_offset"):(\d+|null)/g, '$1:"$2"')).result
}

interface Shown {
  readonly id: string
  readonly payload: object
  readonly vector: Readonly<Record<string, readonly number[]>>
}

function expectPoints(shown: readonly Shown[], wanted: readonly PlainPoint[]): void {
  const plain = wanted.map(({ id, payload, vectors: stored }) => ({
    id: String(id),
    payload,
    vector: Object.fromEntries(
      vectors.flatMap(({ slot, name }) => (stored.has(slot) ? [[name, stored.get(slot)]] : []))
    )
  }))
  const read = shown.map(({ id, payload, vector }) => ({
    id,
    payload,
    vector: Object.fromEntries(
      Object.entries(vector).map(([name, values]) => [name, values.map(Math.fround)])
    )
  }))
  expect(read).toEqual(plain)
}

test('the engine answers as a plain model over random operations, and a replay in other batches ends in the same state', async () => {
  const seed = testSeed('shard operations')
  const random = new Random(seed)
  for (let round = 0; round < 12; round++) {
    const done: Operation[] = []
    const maker = new OperationMaker(random)
    const keys = [`differential.${round}`, `replayed.${round}`] as const
    const pair = new Pair(keys[0])
    try {
      // Brings the schema to the shards.
      await pair.run({ kind: 'upsert', points: [] })
      for (let step = 0; step < 120; step++) {
        const operation = maker.next()
        done.push(operation)
        await pair.run(operation)
      }
      await expectSameReplay(pair, keys[1], random)
    } catch (error) {
      console.error(`SEED=${seed}, round ${round}:\n${done.map(toJson).join('\n')}`)
      throw error
    } finally {
      for (const key of keys) for (let i = 0; i < shards; i++) closeShard(`${key}.${i}`)
    }
  }
})

async function expectSameReplay(pair: Pair, key: string, random: Random): Promise<void> {
  for (const [index, handle] of pair.handles.entries()) {
    const frames = pair.frames[index] ?? []
    const replayed = openShard(`${key}.${index}`, collectionId, index)
    for (let at = 0; at < frames.length; ) {
      // Some records come again: they are below the next offset and are skipped.
      const from = Math.max(0, at - random.below(3))
      const end = Math.min(frames.length, at + 1 + random.below(40))
      const { stop } = await applyFrames(replayed, frames.slice(from, end), from)
      expect(stop).toBeNull()
      at = end
    }
    const { memoryBytes: _, ...state } = shardState(handle)
    expect(shardState(replayed)).toMatchObject(state)
  }
}
