/** What passes between the main thread and a gateway worker, beside the shared memory of `counts.ts`. */
import type { Config } from '../config/index.ts'
import type { IngestDescription } from '../domain/ingest.ts'
import type {
  ActorFacts,
  CollectionFacts,
  GatewayDescription,
  NodeIdentity,
  NodeMemory,
  NodeReadiness,
  RejectionReport,
  RequestReport
} from '../domain/node-port.ts'
import type {
  ControlCommand,
  ControlVerdict,
  ReadBarrier,
  RecordOutcome,
  ShardOffset,
  WriteRequest
} from '../domain/ports.ts'
import type { RebuildReport } from '../domain/rebuild.ts'
import type { DirectoryChange } from './directory-change.ts'

/** What a worker is given when it starts. */
export interface WorkerStart {
  readonly gateway: number
  readonly config: Config
  readonly identity: NodeIdentity
  readonly counts: SharedArrayBuffer
}

/** What a worker asks of the main thread. */
export interface MainRequests {
  /** Can be told to serve now. */
  loaded(): void
  /** A connection for another gateway, which it is counted for already. @returns whether that one takes it */
  handOver(connection: { readonly fd: number; readonly gateway: number }): boolean
  /** Answered once the records are durable. */
  append(request: WriteRequest): Promise<readonly ShardOffset[]>
  /** Answered once they are applied. */
  apply(request: WriteRequest): Promise<readonly RecordOutcome[]>
  /** Answered once they are durable, and by `appliedId` once they are applied. */
  appendAndApply(write: {
    readonly request: WriteRequest
    readonly appliedId: number
  }): Promise<readonly ShardOffset[]>
  propose(command: ControlCommand): Promise<ControlVerdict>
  reach(request: Parameters<ReadBarrier['reach']>[0]): Promise<number | undefined>
  describe(collectionId: bigint | undefined): readonly CollectionFacts[]
  describeIngests(): readonly IngestDescription[]
  rejections(collectionId: bigint): RejectionReport
  describeGateways(): readonly GatewayDescription[]
  readiness(): NodeReadiness
  actors(): readonly ActorFacts[]
  memory(): Promise<NodeMemory>
  metricsText(): Promise<string>
  requestReports(): Promise<readonly RequestReport[]>
  rebuildShard(target: {
    readonly collection: string
    readonly shard: number
  }): Promise<RebuildReport>
}

/** What the main thread asks of a worker. */
export interface WorkerRequests {
  /** Answered once it listens. The descriptors, one for each address, stay the main thread's. */
  serve(start: {
    readonly sockets: readonly number[]
    readonly directory: DirectoryChange
  }): Promise<void>
  /** Answered once the worker's requests see it. */
  follow(change: DirectoryChange): void
  /** A connection that another gateway accepted. */
  adopt(fd: number): void
  report(): RequestReport
  /** Answers what is under way within `drainMs`, refuses the rest, and ends. */
  drain(drainMs: number): Promise<void>
}
