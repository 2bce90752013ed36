import type { IngestDescription } from './ingest.ts'
import type { OptimizerFacts } from './optimization.ts'
import type { RebuildReport } from './rebuild.ts'

/**
 * What a gateway asks of the whole node, beside writes and reads. The node sits in the main thread and a
 * gateway may sit in a worker: so every answer is a promise, and plain data that can be cloned.
 */
export interface NodePort {
  /** Actors and replicas of one collection, or of each, as they are now. */
  describe(collectionId?: bigint): Promise<readonly CollectionFacts[]>
  describeGateways(): Promise<readonly GatewayDescription[]>
  /** Whether every shard may be read, every gateway serves and no actor is in trouble; else why not. */
  readiness(): Promise<NodeReadiness>
  /** Every actor of the node as it is now. */
  actors(): Promise<readonly ActorFacts[]>
  /** The node's own part of the metrics page: process, shards, gateways. */
  metricsText(): Promise<string>
  /** What every gateway of the node has counted so far; they are to be summed. */
  requestReports(): Promise<readonly RequestReport[]>
  memory(): Promise<NodeMemory>
  describeIngests(): Promise<readonly IngestDescription[]>
  /** What apply rejected while nobody waited, since the start. */
  rejections(collectionId: bigint): Promise<RejectionReport>
  /**
   * Builds the state of a shard a second time and puts it in the place of the first.
   *
   * @param collection  its name, no alias
   * @throws MILLRACE_COLLECTION_NOT_FOUND, MILLRACE_SHARD_NOT_FOUND, MILLRACE_REBUILD_RUNNING, MILLRACE_REBUILD_FAILED
   */
  rebuildShard(collection: string, shard: number): Promise<RebuildReport>
}

/** What collection info, telemetry and metrics read of a collection; its actors say more than that. */
export interface CollectionFacts {
  readonly collection: string
  readonly id: string
  readonly state: string
  readonly lastError: string | null
  readonly shards: readonly ReplicaFacts[]
}

export interface ReplicaFacts {
  readonly shard: number
  readonly shardState: string
  /** The offset that the replica applies next. */
  readonly nextOffset: string
  /** Records of the log that are not applied. */
  readonly lagRecords: number
  readonly points: string
  readonly recordsRejected: number
  readonly memoryBytes: number
  readonly optimizer: OptimizerFacts
}

export interface NodeReadiness {
  readonly isReady: boolean
  /** Sentences for whoever asks why not; none when it is ready. */
  readonly reasons: readonly string[]
}

/**
 * `busy`: it has work and moves on. `stuck`: it has work and has not moved for `actors.stuckAfterMs`. `crashLooping`: it
 * failed and was started again several times in a row. `halted`: it gave up.
 */
export type ActorHealth = 'ok' | 'busy' | 'stuck' | 'crashLooping' | 'halted'

/** What an actor shows of itself. */
export interface ActorFacts {
  readonly kind: string
  /** Unique among the actors of its kind. */
  readonly name: string
  readonly collection: string | null
  readonly state: string
  /** When it came to this state, ISO 8601. */
  readonly since: string
  readonly health: ActorHealth
  /** What it reads or builds next. */
  readonly offset: string | null
  readonly lagRecords: number | null
  /** Times that it failed and was started again since it was last healthy for long. */
  readonly restarts: number
  readonly lastError: string | null
}

/** A gateway: a worker thread, or the main thread when there are no workers. */
export interface GatewayDescription {
  readonly gateway: number
  readonly state: 'starting' | 'serving' | 'waitingToRestart' | 'draining' | 'stopped'
  /** Times that it died and was started again. */
  readonly restarts: number
  readonly lastError: string | null
}

/** Memory of the whole process. */
export interface NodeMemory {
  readonly residentBytes: number
  /** Of that, vectors that lie in files: the system takes their memory back when it needs it. */
  readonly residentColdBytes: number
  /** More, once the vectors that wait for it are in their graphs. */
  readonly comingBytes: number
  /** `memory.budgetBytes`, or what it stands for. */
  readonly budgetBytes: number
  /** Writes are refused for want of it. */
  readonly isLow: boolean
  /** JavaScript's: of all threads, with the buffers that it holds. */
  readonly heapBytes: number
  /** The newest part of the log; it is in `heapBytes` as well. */
  readonly cacheBytes: number
}

/** The requests that one gateway has answered since it started. */
export interface RequestReport {
  readonly inFlight: number
  /** Memory of its thread's JavaScript, with the buffers that it holds; the whole thread's where no other has a gateway. */
  readonly heapBytes: number
  readonly routes: readonly RouteReport[]
  /** Without one the gateway has no NATS. */
  readonly nats?: NatsReport
}

/** What a gateway has answered over NATS since it started. */
export interface NatsReport {
  /** Connections to NATS that are up now. */
  readonly connected: number
  readonly requests: number
  readonly errors: number
}

/** The answers of one route with one status, of one collection or of those without any. */
export interface RouteReport {
  readonly method: string
  /** The route with its parameters as `{name}`. */
  readonly endpoint: string
  readonly status: number
  readonly collection: string | undefined
  readonly count: number
  readonly microsTotal: number
  readonly microsMin: number
  readonly microsMax: number
  /** Answers whose duration fell into each of `durationBucketsMicros`, the last for all above. */
  readonly buckets: readonly number[]
  /** Milliseconds since 1970 of the last answer. */
  readonly lastMs: number
}

/** Upper edges of the duration buckets. */
export const durationBucketsMicros: readonly number[] = [
  500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
  10_000_000
]

export interface RejectionReport {
  readonly count: number
  /** Newest last. The node keeps the last 1,000 of all collections. */
  readonly newest: readonly RejectedRecord[]
}

/** A record that apply rejected while nobody waited for its outcome. */
export interface RejectedRecord {
  readonly shard: number
  readonly offset: string
  readonly code: string
  readonly reason: string
  /** Milliseconds since 1970. */
  readonly rejectedMs: number
}

/** Who this node is; the same in every gateway of it. */
export interface NodeIdentity {
  /** Random, and kept in the data folder. At most 2^53 - 1, so that JSON can carry it. */
  readonly peerId: number
  /** A UUID of this start. */
  readonly instanceId: string
  /** Milliseconds since 1970. */
  readonly startedMs: number
  /** Absolute. */
  readonly dataFolder: string
}
