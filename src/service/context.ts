import type { ShardDirectory } from '../domain/directory.ts'
import type { NodeIdentity, NodePort } from '../domain/node-port.ts'
import type { ControlPort, ReadBarrier, ShardPort, WritePort } from '../domain/ports.ts'

/** What every operation may use: the directory and the ports, nothing of actors or files. */
export interface ServiceContext {
  directory(): ShardDirectory
  readonly writePort: WritePort
  readonly controlPort: ControlPort
  readonly barrier: ReadBarrier
  readonly node: NodePort
  readonly identity: NodeIdentity
  readonly limits: ServiceLimits
  /** By which reads reach the shards; without it they are called in this process. */
  readonly shardPort?: ShardPort | undefined
}

export interface ServiceLimits {
  readonly recordBytes: number
  readonly jsonDepth: number
  readonly shards: number
  readonly resultPoints: number
  readonly filterConditions: number
  readonly filterDepth: number
  readonly requestTimeoutMs: number
  /** Longest time that a read waits for a shard that replays the end of its log. */
  readonly replayWaitMs: number
}

/** How a write is to be acknowledged. */
export interface WriteOptions {
  readonly wait: boolean
  /** Ends the wait for `applied` with `wait_timeout`; the write itself stands. */
  readonly timeoutMs: number | undefined
}

export interface ReadOptions {
  /** A token that the read must see. */
  readonly after: string | undefined
  readonly timeoutMs: number | undefined
  /** Told when the answer is made before shards have replayed the end of their logs: how many records it may lack. */
  readonly onLag: (lagRecords: number) => void
  /** Aborted when nobody waits for the answer any more; made when it is first asked for. */
  readonly signal?: AbortSignal | undefined
  /** `process.hrtime.bigint()` when the request came in, for the envelope's `time`. */
  readonly startedAt: bigint
}
