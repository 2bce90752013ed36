import type { OptimizerFacts } from '../src/domain/optimization.ts'
import type { CheckpointDescription } from './checkpointer.ts'

/** What a replica shows of itself: the same value serves tests, metrics, telemetry and `GET /millrace/replicas`. */
export interface ReplicaDescription {
  readonly shard: number
  readonly replica: string
  readonly shardState: string
  readonly nextOffset: string
  readonly endOffset: string
  readonly lagRecords: number
  readonly digest: string
  readonly points: string
  readonly recordsRejected: number
  readonly memoryBytes: number
  readonly lastError: string | null
  /** How the replica came to its state, and how far it is when it is still coming. */
  readonly replay: {
    /** Offset of the checkpoint that it began with; null when it replays the whole log. */
    readonly fromCheckpoint: string | null
    readonly recordsPerSecond: number
    readonly etaMs: number | null
  }
  readonly checkpointState: string
  readonly checkpoint: CheckpointDescription
  readonly rebuild: RebuildDescription | null
  readonly optimizer: OptimizerFacts
  /** Rebuilds since the start whose digest was not that of the shard that served. */
  readonly rebuildsUnequal: number
}

/** The newest rebuild of a shard since the start. */
export interface RebuildDescription {
  readonly state: string
  /** Offset of the checkpoint that it began with, 0 for the log's start. */
  readonly from: string | null
  readonly nextOffset: string
  readonly recordsReplayed: number
  readonly lagRecords: number
  readonly equal: boolean | null
  readonly reason: string | null
}
