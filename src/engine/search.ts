import type { SearchHits } from './hits.ts'
import { type Caller, callNativeOrLater, native, type ShardHandle } from './native.ts'

export interface SearchPlan {
  /** Slot id of the vector that is searched. */
  readonly slot: number
  /** f32[dimension]; made unit length by the engine when the slot's distance is cosine. */
  readonly query: Float32Array
  /** Of a sparse vector: the index of each component of `query`, rising. */
  readonly indices?: Uint32Array
  /** Multiplies each component of a sparse query by how rare its index is among the shard's vectors. */
  readonly idf?: boolean
  /** Hits wanted, at least 1. */
  readonly k: number
  readonly exact?: boolean
  /** Size of the candidate list; the engine's choice when missing. */
  readonly ef?: number
  readonly scoreThreshold?: number
  /** On the clock of `process.hrtime.bigint()`. */
  readonly deadlineNs?: bigint
  /** Packed MessagePack, as native/core/include/millrace/filter.h draws it: only points that match. */
  readonly filter?: Uint8Array | null
}

/**
 * Searches one shard: inside the call when that is quick, else on an engine thread.
 * @throws MILLRACE_VECTOR_NAME_UNKNOWN, MILLRACE_VECTOR_KIND_MISMATCH, MILLRACE_VECTOR_DIMENSION_MISMATCH, MILLRACE_DEADLINE_PASSED, MILLRACE_CANCELLED, MILLRACE_OUT_OF_MEMORY,
 *         MILLRACE_ENGINE_BUSY, MILLRACE_ARGUMENT_INVALID for a filter that is none
 */
export function searchShard(
  shard: ShardHandle,
  plan: SearchPlan,
  caller?: Caller
): SearchHits | Promise<SearchHits> {
  const { slot, query, k, exact = false, ef = 0, scoreThreshold = null, deadlineNs = 0n } = plan
  const { filter = null, indices = null, idf = false } = plan
  return callNativeOrLater(
    () =>
      native.search(
        shard,
        slot,
        query,
        k,
        exact,
        ef,
        scoreThreshold,
        deadlineNs,
        filter,
        indices,
        idf
      ),
    caller
  )
}
