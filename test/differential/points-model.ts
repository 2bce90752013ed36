/** A collection as plain values, and what each operation of `points/batch` makes of it. */
import { matchesFilter, type RequestFilter } from './filter-model.ts'
import { type Json, type Payload, pathSteps, removeAt, setAt } from './payload-model.ts'

export type Id = number | string
export type Vectors = Readonly<Record<string, readonly number[]>>

export interface ModelPoint {
  readonly id: Id
  readonly vectors: Vectors
  readonly payload: Payload
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

  constructor(shards: number, shardOf: (id: Id) => number) {
    this.#shards = shards
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
    return [...this.points.values()].filter((point) => isSelected(point, filter))
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
        (old !== undefined && (mode === 'insert_only' || !isSelected(old, filter)))
      if (!isSkipped) this.points.set(id, { id, vectors: vector, payload })
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
      if (old === undefined || tested === undefined || !isSelected(tested, filter)) continue
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

  #change(id: Id, change: (payload: Payload) => Payload): void {
    const old = this.points.get(id)
    if (old !== undefined) this.points.set(id, { ...old, payload: change(old.payload) })
  }
}

function isSelected({ id, payload, vectors }: ModelPoint, filter: RequestFilter = {}): boolean {
  return matchesFilter(filter, { id, payload, vectors: new Set(Object.keys(vectors)) })
}

function changedPayload(name: string, body: OperationBody, payload: Payload): Payload {
  const { payload: given = {}, key, keys = [] } = body
  // Every step starts from an object and ends with one.
  switch (name) {
    case 'set_payload':
      return setAt(payload, key === undefined ? [] : pathSteps(key), given) as Payload
    case 'overwrite_payload':
      return given
    case 'delete_payload':
      return keys.reduce<Json>((rest, path) => removeAt(rest, pathSteps(path)), payload) as Payload
    case 'clear_payload':
      return {}
    default:
      throw new Error(`no model of ${name}`)
  }
}
