/** What a replica is to others, and what it is given. */
import type { CheckpointStore } from '../src/checkpoint/index.ts'
import type { ShardStatus } from '../src/domain/directory.ts'
import type { RebuildReport } from '../src/domain/rebuild.ts'
import type { ShardAddress, TransferPort } from '../src/domain/transfer.ts'
import type { EngineError } from '../src/errors/index.ts'
import type { Log } from '../streams/index.ts'
import type { ActorReport } from './actor-report.ts'
import type { CheckpointSettings } from './checkpoint-settings.ts'
import type { Clock } from './clock.ts'
import type { ActorLogger } from './logger.ts'
import type { OptimizerOptions } from './optimizer.actor.ts'
import type { OutcomeBoard } from './outcome-board.ts'
import type { ReplicaDescription } from './replica-description.ts'
import type { SegmentPurpose } from './segment.actor.ts'
import type { EngineShard } from './shard-engine.ts'
import type { Child } from './supervisor.actor.ts'
import type { TransferableReplica } from './transfer-source.ts'
import type { Turns } from './turns.ts'

export interface Replica extends Child, TransferableReplica {
  status(): ShardStatus
  schemaVersion(): number
  /** @returns undefined once `offset` was applied, else the lag when the wait ended */
  reach(offset: bigint, timeoutMs: number): Promise<number | undefined>
  /** The same once readers see it: points may be deferred for some time. */
  reachVisible(offset: bigint, timeoutMs: number): Promise<number | undefined>
  describe(): ReplicaDescription
  /** The replica's own actor, and those of its shard, its segments, the optimizer and a rebuild. */
  reports(): readonly ActorReport[]
  /** Writes a checkpoint of what none holds yet; resolves when that was done or has failed. */
  checkpoint(): Promise<void>
  /** The settings of the collection are others: what was planned with the old ones is planned anew. */
  settingsChanged(): void
  /**
   * Builds the shard's state a second time and puts it in the place of the first.
   *
   * @throws MILLRACE_REBUILD_RUNNING, MILLRACE_REBUILD_FAILED, MILLRACE_SHARD_RECOVERING before there is a state
   */
  rebuild(): Promise<RebuildReport>
}

export interface ReplicaOptions {
  readonly log: Log
  readonly topic: string
  readonly shard: number
  /** Opens the shard that readers find, or with a purpose one that only this caller knows. */
  readonly openEngine: (purpose?: SegmentPurpose) => EngineShard
  readonly optimizer: Pick<OptimizerOptions, 'settings' | 'budget' | 'shortage' | 'vectorBytes'>
  readonly openStore: (onDamage: (error: EngineError) => void) => Promise<CheckpointStore>
  readonly checkpoints: CheckpointSettings
  readonly checkpointTurns: Turns
  readonly recoveryTurns: Turns
  /** Whether a stop is worth a checkpoint: not when everything is about to be deleted. */
  readonly shouldKeepState: () => boolean
  readonly address: ShardAddress
  /** Other nodes, if this one can ask them for the state of a shard. */
  readonly peers: TransferPort | undefined
  /** Whether another node is being given this shard's state. */
  readonly isGiven: () => boolean
  readonly board: OutcomeBoard
  readonly producerId: bigint
  readonly clock: Clock
  readonly logger: ActorLogger
  readonly onStatus: (status: ShardStatus) => void
}
