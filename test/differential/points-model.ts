/** A collection as plain values, and what each operation of `points/batch` makes of it. */
import { matches } from './filter-model.ts'
import { readPath, readPayload, withoutPath, withSet } from './payload-model.ts'
import { minified, type PlainJson } from './plain-json.ts'
import { plainFilter, type RequestFilter } from './request-filter.ts'

export type Id = number | string
/** As JSON writes it; numbers are so small that JavaScript spells them as the engine keeps them. */
export type Payload = { readonly [key: string]: unknown }
export type Vectors = Readonly<Record<string, readonly number[]>>

export interface ModelPoint {
  readonly id: Id
  readonly vectors: Vectors
  readonly payload: PlainJson
}

/** The body of an operation; which members it has depends on its name. */
export interface OperationBody {
  readonly points?: readonly { id: Id; vector?: Vectors; payload?: Payload }[] | readonly Id[]
  readonly filter?: RequestFilter
  readonly payload?: Payload
  readonly key?: string
  readonly keys?: readonly string[]
  readonly vector?: readonly string[]
  readonly update_mode?: string
  readonly update_filter?: RequestFilter
}

export interface Operation {
  readonly name: string
  readonly body: OperationBody
}

export class PointsModel {
  readonly points = new Map<Id, ModelPoint>()
  readonly #shardOf: (id: Id) => number
  readonly #shards: number
  /** By name. */
  readonly #slots: ReadonlyMap<string, number>

  constructor(shards: number, names: readonly string[], shardOf: (id: Id) => number) {
    this.#shards = shards
    this.#slots = new Map(names.map((name, index) => [name, index + 1]))
    this.#shardOf = shardOf
  }

  /**
   * Applies operations in order; in each shard the first that misses a point is the last.
   * @returns the first missing id of the lowest shard that misses one
   */
  apply(operations: readonly Operation[]): Id | undefined {
    let reported: Id | undefined
    for (let shard = 0; shard < this.#shards; shard++) {
      const missing = this.#applyInShard(operations, shard)
      reported ??= missing
    }
    return reported
  }

  matching(filter: RequestFilter | undefined): ModelPoint[] {
    return [...this.points.values()].filter((point) => this.#isSelected(point, filter))
  }

  #applyInShard(operations: readonly Operation[], shard: number): Id | undefined {
    for (const { name, body } of operations) {
      const missing = this.#applyOne(name, body, shard)
      if (missing !== undefined) return missing
    }
    return undefined
  }

  #applyOne(name: string, body: OperationBody, shard: number): Id | undefined {
    if (name === 'upsert') return this.#upsert(body, shard)
    if (name === 'update_vectors') return this.#updateVectors(body, shard)
    if (name === 'delete_vectors') return this.#deleteVectors(body, shard)
    const { ids, missing } = this.#select(body, shard)
    if (name === 'delete') {
      for (const id of ids) this.points.delete(id)
      return undefined
    }
    for (const id of ids) this.#change(id, (payload) => changedPayload(name, body, payload))
    return missing
  }

  #upsert({ points = [], update_mode: mode, update_filter: filter }: OperationBody, shard: number) {
    const listed = points as readonly { id: Id; vector?: Vectors; payload?: Payload }[]
    const before = new Map(this.points)
    for (const { id, vector = {}, payload = {} } of listed) {
      const old = before.get(id)
      const isSkipped =
        this.#shardOf(id) !== shard ||
        (old === undefined && mode === 'update_only') ||
        (old !== undefined && (mode === 'insert_only' || !this.#isSelected(old, filter)))
      if (!isSkipped) this.points.set(id, { id, vectors: vector, payload: plainOf(payload) })
    }
    return undefined
  }

  #updateVectors({ points = [], update_filter: filter }: OperationBody, shard: number) {
    const listed = points as readonly { id: Id; vector: Vectors }[]
    const before = new Map(this.points)
    let missing: Id | undefined
    for (const { id, vector } of listed) {
      if (this.#shardOf(id) !== shard) continue
      const old = this.points.get(id)
      if (old === undefined) missing ??= id
      const tested = before.get(id)
      if (old === undefined || tested === undefined || !this.#isSelected(tested, filter)) continue
      this.points.set(id, { ...old, vectors: { ...old.vectors, ...vector } })
    }
    return missing
  }

  /** By filter first; the points of the list follow in an operation of their own. */
  #deleteVectors({ points, filter, vector: names = [] }: OperationBody, shard: number) {
    const listed = points as readonly Id[] | undefined
    const drop = (ids: readonly Id[]) => {
      for (const id of ids) {
        const old = this.points.get(id)
        if (old === undefined) continue
        const vectors = Object.entries(old.vectors).filter(([name]) => !names.includes(name))
        this.points.set(id, { ...old, vectors: Object.fromEntries(vectors) })
      }
    }
    if (filter !== undefined) drop(this.#select({ filter }, shard).ids)
    if (listed === undefined) return undefined
    const { ids, missing } = this.#select({ points: listed }, shard)
    drop(ids)
    return missing
  }

  /** Of `points` and `filter` the list wins. */
  #select({ points, filter }: OperationBody, shard: number): { ids: Id[]; missing?: Id } {
    const own = (id: Id) => this.#shardOf(id) === shard
    if (points === undefined) {
      return { ids: this.matching(filter).flatMap(({ id }) => (own(id) ? [id] : [])) }
    }
    const listed = (points as readonly Id[]).filter(own)
    const missing = listed.find((id) => !this.points.has(id))
    const ids = listed.filter((id) => this.points.has(id))
    return missing === undefined ? { ids } : { ids, missing }
  }

  #change(id: Id, change: (payload: PlainJson) => PlainJson): void {
    const old = this.points.get(id)
    if (old !== undefined) this.points.set(id, { ...old, payload: change(old.payload) })
  }

  #isSelected({ id, payload, vectors }: ModelPoint, filter: RequestFilter = {}): boolean {
    const slots = new Set(Object.keys(vectors).map((name) => this.#slots.get(name) ?? 0))
    const subject = { payload, id: typeof id === 'number' ? BigInt(id) : id, slots }
    return matches(plainFilter(filter, this.#slots), subject)
  }
}

export function payloadTextOf({ payload }: ModelPoint): string {
  return minified(payload)
}

function plainOf(payload: Payload): PlainJson {
  return readPayload(JSON.stringify(payload))
}

function changedPayload(name: string, body: OperationBody, payload: PlainJson): PlainJson {
  const { payload: given = {}, key, keys = [] } = body
  switch (name) {
    case 'set_payload':
      return withSet(payload, key === undefined ? [] : readPath(key), plainOf(given))
    case 'overwrite_payload':
      return plainOf(given)
    case 'delete_payload':
      return keys.reduce((rest, path) => withoutPath(rest, readPath(path)), payload)
    case 'clear_payload':
      return plainOf({})
    default:
      throw new Error(`no model of ${name}`)
  }
}
