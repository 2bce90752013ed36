import { type Caller, callNativeOrLater, native, type ShardHandle } from './native.ts'

export interface NearestBody {
  /** The request as it came in. */
  readonly body: Uint8Array
  /** `query`: the body names its vector `query`, the answer is `{"points":[…]}`; `search`: the older form, a bare list. */
  readonly form: 'query' | 'search'
  /** On the clock of `process.hrtime.bigint()`, both. */
  readonly startNs: bigint
  readonly deadlineNs: bigint
  /** Larger pages are for the schema path to refuse. */
  readonly pointsMax: number
  readonly jsonDepthMax: number
  readonly caller?: Caller
}

/**
 * Answers a nearest-points request of the everyday kind in one call, from its body to the response: inside the call when
 * that is quick, else on an engine thread.
 *
 * @returns the whole response; null for a body that the request schema has to read, to answer it or to say what is wrong
 * @throws MILLRACE_DEADLINE_PASSED, MILLRACE_CANCELLED, MILLRACE_OUT_OF_MEMORY, MILLRACE_ENGINE_BUSY
 */
export function answerNearestBody(
  shards: readonly ShardHandle[],
  request: NearestBody
): Buffer | null | Promise<Buffer | null> {
  const { body, form, startNs, deadlineNs, pointsMax, jsonDepthMax, caller } = request
  const inObject = form === 'query'
  return callNativeOrLater<Buffer | null>(
    () =>
      native.answerNearest(shards, body, inObject, startNs, deadlineNs, pointsMax, jsonDepthMax),
    caller
  )
}
