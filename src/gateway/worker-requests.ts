import type { ShardDirectory } from '../domain/directory.ts'
import type { IngestDescription } from '../domain/ingest.ts'
import type {
  ActorFacts,
  CollectionFacts,
  GatewayDescription,
  NodeMemory,
  NodeReadiness,
  RejectionReport,
  RequestReport
} from '../domain/node-port.ts'
import type { ControlPort, ReadBarrier, WritePort } from '../domain/ports.ts'
import type { RebuildReport } from '../domain/rebuild.ts'
import { heapBytes } from '../observability/index.ts'
import type { WorkerChannel } from './gateway-worker.ts'
import type { MainRequests } from './protocol.ts'

/** The node as the main thread has it. */
export interface NodeSide {
  directory(): ShardDirectory
  readonly writePort: WritePort
  readonly controlPort: ControlPort
  readonly barrier: ReadBarrier
  describe(collectionId?: bigint): readonly CollectionFacts[]
  describeIngests(): readonly IngestDescription[]
  rejections(collectionId: bigint): RejectionReport
  readiness(): NodeReadiness
  actors(): readonly ActorFacts[]
  /** Of the process, but for what only the threads know. */
  memory(): Omit<NodeMemory, 'heapBytes'>
  rebuildShard(collection: string, shard: number): Promise<RebuildReport>
  /** The node's own part of the metrics page. */
  metricsText(): Promise<string>
}

/** What the gateways add to it. */
export interface GatewaysSide {
  describeGateways(): readonly GatewayDescription[]
  requestReports(): Promise<readonly RequestReport[]>
  handOver(fd: number, gateway: number): boolean
}

/** What the main thread answers a worker. */
export function answersFor(
  channel: WorkerChannel,
  node: () => NodeSide,
  gateways: GatewaysSide
): Omit<MainRequests, 'loaded'> {
  return {
    handOver: ({ fd, gateway }) => gateways.handOver(fd, gateway),
    append: (request) => node().writePort.submit(request).durable,
    apply: (request) => node().writePort.submit(request).applied,
    appendAndApply({ request, appliedId }) {
      try {
        const { durable, applied } = node().writePort.submit(request)
        channel.answer(appliedId, applied)
        return durable
      } catch (cause) {
        // Both answers are awaited: one that never came would count against the worker's limit for ever.
        channel.answer(appliedId, Promise.reject(cause))
        throw cause
      }
    },
    propose: (command) => node().controlPort.propose(command),
    reach: (request) => node().barrier.reach(request),
    describe: (collectionId) => node().describe(collectionId),
    describeIngests: () => node().describeIngests(),
    rejections: (collectionId) => node().rejections(collectionId),
    describeGateways: () => gateways.describeGateways(),
    readiness: () => readiness(node(), gateways.describeGateways()),
    memory: async () => memoryOf(node(), await gateways.requestReports()),
    actors: () => node().actors(),
    metricsText: () => node().metricsText(),
    requestReports: () => gateways.requestReports(),
    rebuildShard: ({ collection, shard }) => node().rebuildShard(collection, shard)
  }
}

/** @param gateways  of other threads than this one */
export function memoryOf(node: NodeSide, gateways: readonly RequestReport[]): NodeMemory {
  const theirs = gateways.reduce((sum, report) => sum + report.heapBytes, 0)
  return { ...node.memory(), heapBytes: heapBytes() + theirs }
}

/** A gateway that has not served yet takes nothing from anyone; one that died does. */
export function readiness(node: NodeSide, gateways: readonly GatewayDescription[]): NodeReadiness {
  const { reasons } = node.readiness()
  const missing = gateways.filter(({ state, restarts }) => state !== 'serving' && restarts > 0)
  const isServed = gateways.some(({ state }) => state === 'serving')
  const all = [
    ...reasons,
    ...(isServed ? [] : ['no gateway serves']),
    ...missing.map(({ gateway, state }) => `gateway ${gateway} is ${state}`)
  ]
  return { isReady: all.length === 0, reasons: all }
}
