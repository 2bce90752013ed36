import type { FileLayer } from '../streams/index.ts'
import type { CheckpointPolicy } from './checkpointer.ts'

/** How and where a node keeps checkpoints. */
export interface CheckpointSettings extends CheckpointPolicy {
  readonly files: FileLayer
  /** `<data>/shards` */
  readonly folder: string
  /** Size past which a partition forgets what lies before its oldest kept checkpoint; 0 keeps everything. */
  readonly retentionBytes: number
  /** What a partition of the log takes on the disk. */
  readonly partitionBytes: (topic: string, partition: number) => number
  /** Milliseconds since 1970. */
  readonly now: () => number
}
