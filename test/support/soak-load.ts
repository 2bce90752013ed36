/** Writers and readers of a soak. A writer has ids of its own, so it knows what each of them holds. */
import { expect } from 'vitest'
import type { RestClient } from '../../scripts/demo/rest-client.ts'
import type { Random } from './random.ts'
import {
  cosine,
  denseOf,
  groupOf,
  groups,
  type PointVersion,
  payloadOf,
  pointOf,
  queryOf,
  sparseOf
} from './soak-points.ts'

/** What is acknowledged of each point, and what one may hold instead whose write was under way when the server died. */
export class SoakModel {
  readonly points = new Map<number, PointVersion>()
  private readonly doubtful = new Map<number, PointVersion | undefined>()

  begin(changes: ReadonlyMap<number, PointVersion | undefined>): void {
    for (const [id, version] of changes) this.doubtful.set(id, version)
  }

  acknowledge(changes: ReadonlyMap<number, PointVersion | undefined>): void {
    for (const [id, version] of changes) {
      this.doubtful.delete(id)
      if (version === undefined) this.points.delete(id)
      else this.points.set(id, version)
    }
  }

  /** @returns a line for each point that is otherwise than it may be; what was found is settled then */
  settle(found: ReadonlyMap<number, PointVersion>): string[] {
    const wrong: string[] = []
    for (const id of new Set([...this.points.keys(), ...this.doubtful.keys(), ...found.keys()])) {
      const actual = found.get(id)
      const allowed = [this.points.get(id)]
      if (this.doubtful.has(id)) allowed.push(this.doubtful.get(id))
      const isAllowed = allowed.some(
        (version) => version?.vectors === actual?.vectors && version?.payload === actual?.payload
      )
      if (!isAllowed) wrong.push(JSON.stringify({ id, actual, allowed }))
      if (actual === undefined) this.points.delete(id)
      else this.points.set(id, actual)
    }
    this.doubtful.clear()
    return wrong
  }
}

export interface SoakOptions {
  readonly client: RestClient
  readonly collection: string
  readonly random: Random
  readonly isOver: () => boolean
}

type Changes = Map<number, PointVersion | undefined>

/** Writes to the ids from `first` on, one request after the other, until it is over or the server is gone. */
export async function write(
  options: SoakOptions & {
    readonly model: SoakModel
    readonly first: number
    readonly ids: number
    readonly nextOperation: () => number
  }
): Promise<void> {
  const { client, collection, random, model, first, ids } = options
  while (!options.isOver()) {
    const operation = options.nextOperation()
    const chosen = Array.from({ length: 1 + random.below(40) }, () => first + random.below(ids))
    const own = [...new Set(chosen)]
    const live = own.filter((id) => model.points.has(id))
    const changes: Changes = new Map()
    const request = makeRequest({ random, model, operation, own, live, first, ids, changes })
    model.begin(changes)
    try {
      const path = `/collections/${collection}/points${request.path}?wait=${random.chance(0.7)}`
      const answer = await client.send(request.method, path, request.body)
      expect(answer.status, JSON.stringify(answer.body)).toBe(200)
    } catch (cause) {
      if (options.isOver()) return
      throw cause
    }
    model.acknowledge(changes)
  }
}

interface Making {
  readonly random: Random
  readonly model: SoakModel
  readonly operation: number
  readonly own: readonly number[]
  readonly live: readonly number[]
  readonly first: number
  readonly ids: number
  readonly changes: Changes
}

/** One of the ways to write; what it changes is left in `changes`. */
function makeRequest({ random, model, operation, own, live, first, ids, changes }: Making) {
  const kind = live.length === 0 ? 0 : random.below(10)
  if (kind < 5) {
    for (const id of own) changes.set(id, { vectors: operation, payload: operation })
    const points = own.map((id) => pointOf(id, { vectors: operation, payload: operation }))
    return { method: 'PUT', path: '', body: { points } }
  }
  if (kind < 7) {
    for (const id of own) changes.set(id, undefined)
    return { method: 'POST', path: '/delete', body: { points: own } }
  }
  if (kind < 8) {
    const group = random.below(groups)
    const range = Array.from({ length: Math.min(ids, 200) }, (_, index) => first + index)
    for (const id of range) {
      const version = model.points.get(id)
      if (version !== undefined && groupOf(version.payload) === group) changes.set(id, undefined)
    }
    const filter = { must: [{ has_id: range }, { key: 'group', match: { value: group } }] }
    return { method: 'POST', path: '/delete', body: { filter } }
  }
  // Vectors keep what the payload says of them: both change in one batch, or only the payload.
  const withVectors = kind === 9
  for (const id of live) {
    const vectors = withVectors ? operation : (model.points.get(id)?.vectors ?? 0)
    changes.set(id, { vectors, payload: operation })
  }
  const payloads = live.map((id) => ({
    overwrite_payload: {
      points: [id],
      payload: payloadOf(changes.get(id) ?? { vectors: 0, payload: 0 })
    }
  }))
  const points = live.map((id) => ({
    id,
    vector: { dense: denseOf(id, operation), words: sparseOf(id, operation) }
  }))
  const operations = withVectors ? [{ update_vectors: { points } }, ...payloads] : payloads
  return { method: 'POST', path: '/batch', body: { operations } }
}

interface Hit {
  readonly id: number
  readonly score: number
  readonly payload: PointVersion & { readonly group: number }
}

/** Asks until it is over; every hit must be a point as one operation left it, with the score that its vector has. */
export async function read(options: SoakOptions): Promise<number> {
  const { client, collection, random } = options
  let answers = 0
  while (!options.isOver()) {
    // One in four asks for points in id order, which nothing is compared with.
    const query = random.chance(0.25) ? undefined : queryOf(random)
    const group = random.chance(0.5) ? random.below(groups) : undefined
    const filter = group !== undefined && {
      filter: { must: [{ key: 'group', match: { value: group } }] }
    }
    const nearest = query === undefined ? {} : { query, using: 'dense' }
    const body = { ...nearest, limit: 10, with_payload: true, ...filter }
    let hits: Hit[]
    try {
      const answer = await client.call('POST', `/collections/${collection}/points/query`, body)
      hits = (answer['result'] as { points: Hit[] }).points
    } catch (cause) {
      if (options.isOver()) return answers
      throw cause
    }
    answers += 1
    for (const { id, score, payload } of hits) {
      expect(payload.group, `group of ${id}`).toBe(groupOf(payload.payload))
      if (group !== undefined) expect(payload.group).toBe(group)
      const expected = query === undefined ? 1 : cosine(query, denseOf(id, payload.vectors))
      expect(Math.abs(score - expected)).toBeLessThan(1e-5)
    }
    expect(new Set(hits.map(({ id }) => id)).size, 'a point came twice').toBe(hits.length)
  }
  return answers
}
