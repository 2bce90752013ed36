/** What the actors need of a native shard; the engine's facade fits, and so does a model in a simulation. */
import type { CapturedState, FrameSource } from '../src/checkpoint/index.ts'
import type { GrowthSettings } from '../src/domain/optimizer-settings.ts'
import type { EngineError, ErrorCode, ErrorDetails } from '../src/errors/index.ts'
import type { LogBatch } from '../streams/index.ts'

export interface EngineShard {
  /** Applies records on an engine thread. One call at a time. */
  apply(batch: LogBatch): Promise<ApplyReport>
  state(): EngineShardState
  /**
   * Notes the state as it is now, to be read while records are applied further. Not while `apply` runs.
   *
   * @param since  what changed since this offset; 0 is everything
   * @throws MILLRACE_ARGUMENT_INVALID when the shard cannot tell what changed since then
   */
  captureCheckpoint(since: bigint): CapturedState
  /**
   * Takes whole frames of a checkpoint, in order; nothing was applied before.
   *
   * @throws MILLRACE_CHECKPOINT_CORRUPT with the position in the file
   */
  loadCheckpoint(bytes: Uint8Array): Promise<void>
  /** Ends the loading. @throws MILLRACE_CHECKPOINT_CORRUPT when what was loaded does not have the digest it names */
  finishLoad(): Promise<void>
  /** Takes hold of the graphs, at any time; undefined when there is none to be written now. */
  captureGraphs(): Promise<CapturedGraphs | undefined>
  /**
   * Takes pieces of a graph file, between the last `loadCheckpoint` and `finishLoad`.
   *
   * @throws MILLRACE_GRAPH_CORRUPT with the position in the file; nothing of it is used then
   */
  loadGraphs(bytes: Uint8Array): Promise<void>
  /** Ends the file. @returns vectors that it leads to. @throws as loadGraphs */
  finishGraphs(): Promise<number>
  setGrowth(settings: GrowthSettings): void
  /** Takes the place of what this shard held: every later read and apply goes to `other`, reads under way end on the old one. */
  replaceWith(other: EngineShard): void
  close(): void
}

export interface CapturedGraphs {
  readonly nextOffset: bigint
  readonly source: FrameSource
}

export interface EngineShardState {
  readonly nextOffset: bigint
  /** What readers see: less than `nextOffset` while points are deferred. */
  readonly visibleOffset: bigint
  readonly points: bigint
  /** Live and dead. */
  readonly rows: number
  /** That are to get into a graph and are not there yet. */
  readonly waitingVectors: number
  readonly indexedVectors: number
  readonly schemaVersion: number
  /** Since the shard was opened. */
  readonly recordsRejected: number
  readonly memoryBytes: number
  /** Of vectors that are not in memory. */
  readonly diskBytes: number
  /** What happened to graphs since the shard was opened. */
  readonly graphChanges: number
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
