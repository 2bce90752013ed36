import type { SearchHits } from './hits.ts'
import { type Caller, callNativeOrLater, native, type ShardHandle } from './native.ts'

/** How a search uses the codes that the user asked for, where there are any. */
export interface QuantizationUse {
  readonly ignore: boolean
  /** Score hits by their vectors; null: as the quantization's settings say. */
  readonly rescore: boolean | null
  /** At least 1: so many times k of the best by their codes are scored by their vectors. */
  readonly oversampling: number
}

const quantizationDefault: QuantizationUse = { ignore: false, rescore: null, oversampling: 1 }

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
  readonly quantization?: QuantizationUse
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
  const { filter = null, indices = null, idf = false, quantization = quantizationDefault } = plan
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
        idf,
        quantization.ignore,
        quantization.rescore,
        quantization.oversampling
      ),
    caller
  )
}
