import type { ShardsFolder } from '../src/checkpoint/index.ts'
import type { CollectionSpec } from '../src/domain/collection.ts'
import type { WritePort } from '../src/domain/ports.ts'
import type { Crc32c } from '../src/domain/record/index.ts'
import type { ShardAddress, TransferPort } from '../src/domain/transfer.ts'
import type { EngineError } from '../src/errors/index.ts'
import type { Log } from '../streams/index.ts'
import type { CheckpointSettings } from './checkpoint-settings.ts'
import type { Clock } from './clock.ts'
import type { ActorLogger } from './logger.ts'
import type { OutcomeBoard } from './outcome-board.ts'
import type { EngineShard } from './shard-engine.ts'
import type { Turns } from './turns.ts'

/** What every actor of a node shares. */
export interface NodeParts {
  readonly log: Log
  readonly clock: Clock
  readonly logger: ActorLogger
  readonly crc32c: Crc32c
  readonly producerId: bigint
  readonly board: OutcomeBoard
  readonly writePort: WritePort
  readonly checkpoints: CheckpointSettings
  /** So many shards write their checkpoints at once. */
  readonly checkpointTurns: Turns
  /** So many shards load a checkpoint at once: each holds two buffers of up to 8 MiB. */
  readonly recoveryTurns: Turns
  /** So many segments are built at once to take the place of others: each needs memory beside the one that answers. */
  readonly optimizerTurns: Turns
  /** Why so many bytes of memory and of the disk cannot be had; undefined: they can. */
  readonly shortage: (memoryBytes: number, diskBytes: number) => EngineError | undefined
  readonly shardsFolder: ShardsFolder
  /** Other nodes, if this one can ask them for the state of a shard. */
  readonly peers: TransferPort | undefined
  /** Whether another node is being given the state of a shard. */
  readonly isGiven: (shard: ShardAddress) => boolean
  /** An actor gave up: MILLRACE_ACTOR_HALTED. */
  readonly onHalted: (error: EngineError) => void
  /** Opens the native shard under a key that any thread can find it by. */
  readonly openEngine: (
    key: string,
    collectionId: bigint,
    shard: number,
    spec: CollectionSpec
  ) => EngineShard
}
