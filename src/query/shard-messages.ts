/**
 * What is asked of one shard, and what it answers, as bytes. Requests are MessagePack maps; vectors, ids, hits and
 * filters in them are the bytes that the engine takes (`src/engine/hits.ts`, `points.ts`). Answers that hold points are the
 * JSON that the engine renders.
 */
import { packMeta, unpackMeta } from '../domain/record/index.ts'
import type { PointShape, QuantizationUse, SearchHits, SearchPlan } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'

export type ShardVerb = 'search' | 'hits' | 'points' | 'point' | 'scroll' | 'count'

/** What of points is shown; when the request came in matters to the asking node only. */
export type MessageShape = Omit<PointShape, 'startNs'>

/** The deadline travels beside the message. */
export type MessagePlan = Omit<SearchPlan, 'deadlineNs'>

export function packSearch(plan: MessagePlan): Uint8Array {
  const { slot, query, k, exact = false, ef = 0, scoreThreshold = null, filter = null } = plan
  const { quantization } = plan
  const sparse = plan.indices && { indices: bytesOf(plan.indices), idf: plan.idf ?? false }
  const search = { slot, vector: bytesOf(query), k, exact, ef, scoreThreshold, filter }
  return packMeta({
    ...search,
    ...(quantization && { quantization: { ...quantization } }),
    ...sparse
  })
}

export function unpackSearch(body: Uint8Array): MessagePlan {
  const { slot, vector, k, exact, ef, scoreThreshold, filter, ...rest } = mapIn<{
    slot: number
    vector: Uint8Array
    k: number
    exact: boolean
    ef: number
    scoreThreshold: number | null
    filter: Uint8Array | null
    indices?: Uint8Array
    idf?: boolean
    quantization?: QuantizationUse
  }>(body)
  const { indices, idf, quantization } = rest
  // Copies: what MessagePack gives is not aligned.
  const query = new Float32Array(Uint8Array.from(vector).buffer)
  return {
    slot,
    query,
    k,
    exact,
    ef,
    filter,
    ...(scoreThreshold !== null && { scoreThreshold }),
    ...(quantization && { quantization }),
    ...(indices && { indices: new Uint32Array(Uint8Array.from(indices).buffer), idf: idf ?? false })
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

export function packHits({ entries, largerIsBetter, nextOffset }: SearchHits): Uint8Array {
  return packMeta({ entries, largerIsBetter, nextOffset })
}

export function unpackHits(body: Uint8Array): SearchHits {
  const { entries, largerIsBetter, nextOffset } = mapIn<{
    entries: Uint8Array
    largerIsBetter: boolean
    nextOffset: number | bigint
  }>(body)
  return { entries: Buffer.from(entries), largerIsBetter, nextOffset: BigInt(nextOffset) }
}

/** Of some points, by their ids or hits. */
export function packEntries(entries: Uint8Array, { payload, vectors }: MessageShape): Uint8Array {
  return packMeta({ entries, payload, vectors })
}

export function unpackEntries(body: Uint8Array): { entries: Buffer; shape: MessageShape } {
  const { entries, payload, vectors } = mapIn<MessageShape & { entries: Uint8Array }>(body)
  return { entries: Buffer.from(entries), shape: { payload, vectors } }
}

export interface ScrollMessage {
  /** An entry of `PointIds`. */
  readonly from: Uint8Array | null
  readonly limit: number
  readonly shape: MessageShape
  readonly filter: Uint8Array | null
  /** Whether points are wanted as the hits of a query in id order, from the first one on. */
  readonly asHits?: boolean | undefined
}

export function packScroll({ from, limit, shape, filter, asHits }: ScrollMessage): Uint8Array {
  const { payload, vectors } = shape
  return packMeta({ from, limit, payload, vectors, filter, ...(asHits && { asHits }) })
}

export function unpackScroll(body: Uint8Array): ScrollMessage {
  const { from, limit, payload, vectors, filter, asHits } = mapIn<
    Omit<ScrollMessage, 'shape'> & MessageShape
  >(body)
  return { from, limit, shape: { payload, vectors }, filter, asHits }
}

export function packCount(filter: Uint8Array | null): Uint8Array {
  return packMeta({ filter })
}

export function unpackCount(body: Uint8Array): Uint8Array | null {
  return mapIn<{ filter: Uint8Array | null }>(body).filter
}

/** The messages of one build: who may send them is a node, by the permissions of the NATS server. */
function mapIn<Shape>(body: Uint8Array): Shape {
  const value = unpackMeta(body)
  if (typeof value === 'object' && value !== null) return value as Shape
  throw new EngineError('MILLRACE_ARGUMENT_INVALID', { reason: 'a shard message is no map' })
}
