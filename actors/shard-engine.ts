/** What the actors need of a native shard; the engine's facade fits, and so does a model in a simulation. */
import type { EngineError, ErrorCode, ErrorDetails } from '../src/errors/index.ts'
import type { LogBatch } from '../streams/index.ts'

export interface EngineShard {
  /** Applies records on an engine thread. One call at a time. */
  apply(batch: LogBatch): Promise<ApplyReport>
  state(): EngineShardState
  close(): void
}

export interface EngineShardState {
  readonly nextOffset: bigint
  readonly points: bigint
  readonly schemaVersion: number
  /** Since the shard was opened. */
  readonly recordsRejected: number
  readonly memoryBytes: number
  /** 32 hexadecimal digits */
  readonly digest: string
}

export interface ApplyReport {
  /** Records applied or rejected; those after it were not touched because of `stop`. */
  readonly applied: number
  readonly stop: EngineError | undefined
  /** Calls back for each outcome of one producer. */
  forEachOutcome(producerId: bigint, visit: (outcome: AppliedRecord) => void): void
}

export interface AppliedRecord {
  readonly offset: bigint
  readonly sequence: bigint
  readonly affected: number
  readonly rejection: { readonly code: ErrorCode; readonly details: ErrorDetails } | undefined
}
