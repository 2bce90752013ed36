import type { ShardDirectory } from '../domain/directory.ts'
import type { CollectionFacts, GatewayDescription } from '../domain/node-port.ts'
import type { ControlPort, ReadBarrier, WritePort } from '../domain/ports.ts'
import type { WorkerChannel } from './gateway-worker.ts'
import type { MainRequests } from './protocol.ts'

/** The node as the main thread has it. */
export interface NodeSide {
  directory(): ShardDirectory
  readonly writePort: WritePort
  readonly controlPort: ControlPort
  readonly barrier: ReadBarrier
  describe(): readonly CollectionFacts[]
  isReady(): boolean
}

/** What the gateways add to it. */
export interface GatewaysSide {
  describeGateways(): readonly GatewayDescription[]
  metricsText(): Promise<string>
  handOver(fd: number, gateway: number): void
  /** Resolves when every gateway's requests see the directory as it is now. */
  haveFollowed(): Promise<void>
}

/** What the main thread answers a worker. */
export function answersFor(
  channel: WorkerChannel,
  node: NodeSide,
  gateways: GatewaysSide
): Omit<MainRequests, 'serving'> {
  return {
    handOver: ({ fd, gateway }) => gateways.handOver(fd, gateway),
    submit({ request, appliedId }) {
      const { durable, applied } = node.writePort.submit(request)
      if (appliedId !== undefined) channel.answer(appliedId, applied)
      return durable
    },
    async propose(command) {
      const verdict = await node.controlPort.propose(command)
      // A client may ask through any gateway from here on.
      await gateways.haveFollowed()
      return verdict
    },
    reach: (request) => node.barrier.reach(request),
    describe: () => node.describe(),
    describeGateways: () => gateways.describeGateways(),
    isReady: () => isReady(node, gateways),
    metricsText: () => gateways.metricsText()
  }
}

export function isReady(node: NodeSide, gateways: GatewaysSide): boolean {
  return node.isReady() && gateways.describeGateways().every(({ state }) => state === 'serving')
}
