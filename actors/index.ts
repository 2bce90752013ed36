export type { ActorReport } from './actor-report.ts'
export type { CheckpointSettings } from './checkpoint-settings.ts'
export { type Clock, systemClock } from './clock.ts'
export type { CollectionDescription } from './collection.actor.ts'
export type { ActorLogger } from './logger.ts'
export { metadataTopic } from './metadata.actor.ts'
export { NativeShard, nativeSources } from './native-shard.ts'
export {
  type IngestOptions,
  type Node,
  type NodeOptions,
  startNode,
  type TransferOptions
} from './node.ts'
export type { RebuildDescription, ReplicaDescription } from './replica-description.ts'
export type { AppliedRecord, ApplyReport, EngineShard, EngineShardState } from './shard-engine.ts'
export { type DiskState, diskResource, type Resource, WriteGuard } from './write-guard.ts'
