/** What makes the segment of a shard better, as others see it. */

/** What an optimizer has done, is doing, or has to do. */
export interface OptimizationRun {
  /** A UUID of this run. */
  readonly id: string
  readonly kind: 'vacuum' | 'reindex'
  readonly reason: string
  readonly status: 'waiting' | 'running' | 'done' | 'cancelled' | 'failed'
  /** Why it was cancelled or has failed. */
  readonly error: string | null
  /** Live points of the segment when it was planned. */
  readonly points: number
  /** ISO 8601; null while it waits for its turn. */
  readonly startedAt: string | null
  readonly endedAt: string | null
  readonly phases: readonly OptimizationPhase[]
}

/** A part of a run: copying, replaying, growing, swapping. */
export interface OptimizationPhase {
  readonly name: string
  /** ISO 8601 */
  readonly startedAt: string
  readonly endedAt: string | null
  /** Bytes of rows, records of the log, or vectors in the graph, by the phase's name; a total is what is known of it so far. */
  readonly done: number
  readonly total: number
}

/** The optimizer of one shard. */
export interface OptimizerFacts {
  readonly state: string
  /** What has to be done, and the setting that does not allow it: `max_optimization_threads` is 0, or `memory.budgetBytes` used up. */
  readonly forbidden: { readonly kind: string; readonly reason: string; readonly by: string } | null
  readonly current: OptimizationRun | null
  /** Newest first, at most 16. */
  readonly past: readonly OptimizationRun[]
  /** Runs since the start that came to their end, and that failed. */
  readonly done: number
  readonly failed: number
  readonly lastError: string | null
  /** Live and dead. */
  readonly rows: number
  /** Vectors that are to get into the graph of the segment that answers, and are not there yet. */
  readonly waitingVectors: number
  readonly indexedVectors: number
  /** Until they are there, at the rate of the last seconds; null while that is not known. */
  readonly indexEtaMs: number | null
}
