import { expect, test } from 'vitest'
import { comparePointIds, type PointId, uuidBytes } from '../../src/domain/point-id.ts'
import {
  encodeFrame,
  idsSection,
  type MetaValue,
  metaSection,
  operationsSection,
  packMeta,
  recordKinds,
  type Section,
  sealFrame,
  sectionKinds
} from '../../src/domain/record/index.ts'
import {
  closeShard,
  countPoints,
  crc32c,
  hitCount,
  hitId,
  openShard,
  renderScroll,
  type ShardHandle,
  searchShard,
  shardState,
  type VectorSlot
} from '../../src/engine/index.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'
import { applyFrames, collectionId, schemaFrame } from '../unit/engine/frames.ts'
import { matches, type PlainFilter } from './filter-model.ts'
import { payloadText, readPath, readPayload, withoutPath, withSet } from './payload-model.ts'
import { itemsOf, member, type PlainJson, readPlainly } from './plain-json.ts'
import { FilterMaker } from './random-filters.ts'

const vectors: readonly VectorSlot[] = [
  { slot: 1, name: '', size: 2, distance: 'Dot' },
  { slot: 4, name: 'b', size: 1, distance: 'Euclid' }
]
const slotIds = vectors.map(({ slot }) => slot)
const ids: readonly PointId[] = Array.from({ length: 40 }, (_, i) =>
  i % 3 === 0 ? `00000000-0000-4000-8000-${String(i).padStart(12, '0')}` : BigInt(i * i)
)

interface ModelPoint {
  readonly payload: PlainJson
  readonly vectors: ReadonlyMap<number, readonly number[]>
}

/** What an operation did, as its record's outcome tells it. */
interface Effect {
  readonly code: string
  readonly affected: number
}

interface Made extends Effect {
  readonly frame: Uint8Array
  /** For the log of a failing run. */
  readonly text: string
}

/** Ids of a filter travel as bytes when they are UUIDs. */
function wire(filter: PlainFilter): MetaValue {
  const text = JSON.stringify(filter, (_, value) =>
    typeof value === 'bigint' ? { $bigint: String(value) } : value
  )
  return JSON.parse(text, (key, value) => {
    if (value?.$bigint !== undefined) return BigInt(value.$bigint)
    if (key !== 'has_id') return value
    return value.map((id: unknown) => (typeof id === 'string' ? uuidBytes(id) : id))
  })
}

/** Makes random operations and applies each to a plain model. */
class OperationMaker {
  readonly points = new Map<PointId, ModelPoint>()
  readonly filters: FilterMaker
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
    this.filters = new FilterMaker(random, ids, slotIds)
  }

  matching(filter: PlainFilter): PointId[] {
    return [...this.points]
      .filter(([id, { payload, vectors: stored }]) =>
        matches(filter, { payload, id, slots: new Set(stored.keys()) })
      )
      .map(([id]) => id)
  }

  make(): Made {
    const dice = this.#random.below(20)
    if (dice < 8) return this.#upsert()
    if (dice < 9) return this.#deleteByFilter()
    if (dice < 11) return this.#updateVectors()
    if (dice < 12) return this.#deleteVectors()
    return this.#changePayload()
  }

  #upsert(): Made {
    const points = this.#some(6, () => this.#input())
    const mode = this.#random.pick(['upsert', 'insert_only', 'update_only'] as const)
    const filter = this.#random.chance(0.3) ? this.filters.filter() : undefined
    const passing = filter && new Set(this.matching(filter))
    const before = new Set(this.points.keys())
    const kept = points.filter(({ id }) => {
      if (!before.has(id)) return mode !== 'update_only'
      return mode !== 'insert_only' && (passing?.has(id) ?? true)
    })
    for (const { id, payload, ...rest } of kept) {
      this.points.set(id, { payload: readPayload(payload), vectors: rest.vectors })
    }
    const meta = { mode, filter: filter && wire(filter) }
    const sections = [payloadSection(points.map(({ payload }) => payload))]
    const affected = new Set(kept.map(({ id }) => id)).size
    return this.#made('upsert', points, sections, meta, { code: 'ok', affected })
  }

  #updateVectors(): Made {
    const points = this.#some(5, () => this.#input())
    const filter = this.#random.chance(0.3) ? this.filters.filter() : undefined
    const passing = filter && new Set(this.matching(filter))
    const known = points.filter(({ id }) => this.points.has(id))
    const kept = known.filter(({ id }) => passing?.has(id) ?? true)
    for (const { id, vectors: given } of kept) {
      const old = this.points.get(id) as ModelPoint
      this.points.set(id, { ...old, vectors: new Map([...old.vectors, ...given]) })
    }
    const code = known.length === points.length ? 'ok' : 'MILLRACE_POINT_NOT_FOUND'
    const affected = new Set(kept.map(({ id }) => id)).size
    const meta = { filter: filter && wire(filter) }
    return this.#made('updateVectors', points, [], meta, { code, affected })
  }

  #deleteByFilter(): Made {
    // Not too many at once.
    const few = { has_id: this.#some(5, () => this.#random.pick(ids)) }
    const filter: PlainFilter = { must: [few, this.filters.filter()] }
    const gone = this.matching(filter)
    for (const id of gone) this.points.delete(id)
    const effect = { code: 'ok', affected: gone.length }
    return this.#made('deleteByFilter', null, [], { filter: wire(filter) }, effect)
  }

  #deleteVectors(): Made {
    const slots = [this.#random.pick(slotIds)]
    return this.#touch('deleteVectors', { slots }, (point) => {
      const kept = [...point.vectors].filter(([slot]) => !slots.includes(slot))
      return { ...point, vectors: new Map(kept) }
    })
  }

  #changePayload(): Made {
    const payload = this.filters.object()
    const patch = readPayload(payload)
    switch (this.#random.below(5)) {
      case 0:
        return this.#touch('overwritePayload', { payload }, (point) => ({
          ...point,
          payload: patch
        }))
      case 1:
        return this.#touch('clearPayload', {}, (point) => ({ ...point, payload: readPayload('') }))
      case 2: {
        const keys = this.#some(3, () => this.filters.path())
        return this.#touch('deletePayload', { keys }, (point) => ({
          ...point,
          payload: keys.reduce((json, key) => withoutPath(json, readPath(key)), point.payload)
        }))
      }
      default: {
        const key = this.#random.chance(0.6) ? this.filters.path() : undefined
        const path = key === undefined ? [] : readPath(key)
        return this.#touch('setPayload', { payload, key }, (point) => ({
          ...point,
          payload: withSet(point.payload, path, patch)
        }))
      }
    }
  }

  #touch(
    kind: keyof typeof recordKinds,
    meta: Readonly<Record<string, MetaValue | undefined>>,
    change: (point: ModelPoint) => ModelPoint
  ): Made {
    const named = this.#random.chance(0.5) ? this.#some(6, () => this.#random.pick(ids)) : null
    const filter = named === null || this.#random.chance(0.3) ? this.filters.filter() : undefined
    const chosen = new Set(named?.filter((id) => this.points.has(id)))
    if (filter && (named === null || kind === 'deleteVectors'))
      for (const id of this.matching(filter)) chosen.add(id)
    const code = named?.some((id) => !this.points.has(id)) ? 'MILLRACE_POINT_NOT_FOUND' : 'ok'
    for (const id of chosen) this.points.set(id, change(this.points.get(id) as ModelPoint))
    const inputs = named?.map((id) => ({ id, vectors: new Map() })) ?? null
    const effect = { code, affected: chosen.size }
    return this.#made(kind, inputs, [], { ...meta, filter: filter && wire(filter) }, effect)
  }

  #made(
    name: keyof typeof recordKinds,
    points: readonly Pick<ModelInput, 'id' | 'vectors'>[] | null,
    sections: readonly Section[],
    meta: Readonly<Record<string, MetaValue | undefined>>,
    effect: Effect
  ): Made {
    const all = [...sections, metaSection(meta)]
    if (points !== null) {
      all.push(idsSection(points.map(({ id }) => id)))
      for (const { slot } of vectors) all.push(...vectorSections(slot, points))
    }
    const frame = frameOf(name, points?.length ?? 0, all)
    const shown = { name, ids: points?.map(({ id }) => id), meta, ...effect }
    const text = JSON.stringify(shown, (_, value) =>
      typeof value === 'bigint' ? String(value) : value
    )
    return { frame, text, ...effect }
  }

  #input(): ModelInput {
    const number = () => this.#random.below(5) - 2
    const given = vectors.filter(() => this.#random.chance(0.7))
    return {
      id: this.#random.pick(ids),
      payload: this.#random.chance(0.8) ? this.filters.object() : '',
      vectors: new Map(given.map(({ slot, size }) => [slot, Array.from({ length: size }, number)]))
    }
  }

  #some<Item>(most: number, make: () => Item): Item[] {
    return Array.from({ length: this.#random.below(most + 1) }, make)
  }
}

interface ModelInput {
  readonly id: PointId
  readonly payload: string
  readonly vectors: ReadonlyMap<number, readonly number[]>
}

function frameOf(name: keyof typeof recordKinds, count: number, sections: readonly Section[]) {
  return encodeFrame(
    { kind: recordKinds[name], collectionId, schemaVersion: 1, count, sections },
    crc32c
  )
}

function payloadSection(payloads: readonly string[]): Section {
  const texts = payloads.map((payload) => Buffer.from(payload === '{}' ? '' : payload))
  const ends = new Uint32Array(texts.length + 1)
  for (const [row, text] of texts.entries()) ends[row + 1] = (ends[row] ?? 0) + text.length
  const bytes = new Uint8Array(Buffer.concat([Buffer.from(ends.buffer), ...texts]))
  return { kind: sectionKinds.payload, encoding: 0, slot: 0, rows: texts.length, bytes }
}

function vectorSections(
  slot: number,
  points: readonly Pick<ModelInput, 'vectors'>[]
): readonly Section[] {
  const present = points.map((point) => point.vectors.get(slot))
  const values = present.flatMap((vector) => vector ?? [])
  const rows = present.filter((vector) => vector !== undefined).length
  if (rows === 0) return []
  const bits = new Uint8Array(Math.ceil(points.length / 64) * 8)
  for (const [row, vector] of present.entries())
    if (vector !== undefined) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7))
  const bytes = new Uint8Array(Float32Array.from(values).buffer)
  return [
    { kind: sectionKinds.vectors, encoding: 0, slot, rows, bytes },
    { kind: sectionKinds.presence, encoding: 0, slot, rows: points.length, bytes: bits }
  ]
}

/** A shard, its log, and the model beside it. */
class Pair {
  readonly maker: OperationMaker
  readonly shard: ShardHandle
  readonly frames: Buffer[] = []
  readonly done: string[] = []
  readonly #random: Random

  constructor(key: string, random: Random) {
    this.#random = random
    this.maker = new OperationMaker(random)
    this.shard = openShard(key, collectionId, 0)
  }

  async start(): Promise<void> {
    await this.#append(schemaFrame(vectors, 0), { code: 'ok', affected: 0 })
  }

  async step(): Promise<void> {
    const made = [this.maker.make()]
    if (this.#random.chance(0.7)) {
      this.done.push(made[0]?.text ?? '')
      return this.#append(made[0]?.frame as Uint8Array, made[0] as Made)
    }
    while (made.at(-1)?.code === 'ok' && made.length < 4) made.push(this.maker.make())
    this.done.push(`batch [${made.map(({ text }) => text).join(', ')}]`)
    const frames = made.map(({ frame }) => frame)
    // Whatever comes after the rejected one is not applied.
    if (made.at(-1)?.code !== 'ok') {
      frames.push(frameOf('deleteByFilter', 0, [metaSection({ filter: {} })]))
    }
    const batch = frameOf('batch', frames.length, [operationsSection(frames)])
    const affected = made.reduce((sum, one) => sum + one.affected, 0)
    await this.#append(batch, { code: made.at(-1)?.code ?? 'ok', affected })
  }

  async #append(frame: Uint8Array, { code, affected }: Effect): Promise<void> {
    const seal = { producerId: 3n, sequence: BigInt(this.frames.length + 1), writerEpoch: 1 }
    this.frames.push(Buffer.from(sealFrame(frame, seal, crc32c)))
    const { outcomes, stop } = await applyFrames(
      this.shard,
      this.frames.slice(-1),
      this.frames.length - 1
    )
    const [outcome] = outcomes
    expect(stop).toBeNull()
    expect([outcome?.rejection?.code ?? 'ok', outcome?.affected]).toEqual([code, affected])
  }

  async compare(): Promise<void> {
    const wanted = [...this.maker.points]
      .sort(([a], [b]) => comparePointIds(a, b))
      .map(([id, { payload }]) => `${id} ${payloadText(payload)}`)
    expect(await this.#scrolled(null)).toEqual(wanted)
    const filter = this.maker.filters.filter()
    this.done.push(
      `filter ${JSON.stringify(wire(filter), (_, v) => (typeof v === 'bigint' ? String(v) : v))}`
    )
    const bytes = packMeta(wire(filter))
    const passing = new Set(this.maker.matching(filter))
    expect(await countPoints([this.shard], bytes)).toBe(passing.size)
    expect(await this.#scrolled(bytes)).toEqual(
      wanted.filter((line) => [...passing].some((id) => line.startsWith(`${id} `)))
    )
    for (const { slot, size } of vectors) {
      const query = new Float32Array(size).fill(1)
      const hits = await searchShard(this.shard, { slot, query, k: 100, filter: bytes })
      const found = Array.from({ length: hitCount(hits) }, (_, i) => hitId(hits, i))
      const stored = [...passing].filter((id) => this.maker.points.get(id)?.vectors.has(slot))
      expect(found.sort(comparePointIds)).toEqual(stored.sort(comparePointIds))
    }
  }

  /** Each point as its id and its payload's text, as the engine has it. */
  async #scrolled(filter: Uint8Array | null): Promise<string[]> {
    const shape = { payload: true, vectors: false, startNs: process.hrtime.bigint() }
    const response = await renderScroll([this.shard], null, 1000, shape, filter)
    const result = member(readPlainly(String(response)), 'result')
    return itemsOf(member(result, 'points')).map((point) => {
      const id = member(point, 'id')
      const payload = member(point, 'payload')
      if (id?.kind === undefined || id.kind === 'object' || id.kind === 'list' || !payload)
        throw new Error('a point without an id or payload')
      return `${id.text.replaceAll('"', '')} ${payloadText(payload)}`
    })
  }
}

test('payload and vector operations, batches and filters do what a plain reading of the reference does', async () => {
  const seed = testSeed('operations')
  const random = new Random(seed)
  for (let round = 0; round < 12; round++) {
    const keys = [`operations.${round}`, `operations.${round}.again`] as const
    const pair = new Pair(keys[0], random)
    try {
      await pair.start()
      for (let step = 0; step < 80; step++) {
        await pair.step()
        await pair.compare()
      }
      const again = openShard(keys[1], collectionId, 0)
      const { stop } = await applyFrames(again, pair.frames, 0)
      expect(stop).toBeNull()
      const { memoryBytes: _, ...state } = shardState(pair.shard)
      expect(shardState(again)).toMatchObject(state)
    } catch (error) {
      console.error(`SEED=${seed}, round ${round}:\n${pair.done.join('\n')}`)
      throw error
    } finally {
      for (const key of keys) closeShard(key)
    }
  }
})
