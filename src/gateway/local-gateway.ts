import type { FastifyInstance } from 'fastify'
import type { NatsGateway } from '../api/nats/index.ts'
import type { GatewayDescription } from '../domain/node-port.ts'
import { EngineError } from '../errors/index.ts'
import { RequestStatistics } from '../observability/index.ts'
import { GatewayCounts } from './counts.ts'
import { createGateway, drainGateway, natsOf } from './gateway.ts'
import type { Gateways, GatewaysOptions } from './gateways-face.ts'
import { memoryOf, type NodeSide, readiness } from './worker-requests.ts'

/** The one gateway of a server without workers, in the main thread: for tests, and for programs that embed a server. */
export class LocalGateway implements Gateways {
  private readonly options: GatewaysOptions
  private readonly counts = GatewayCounts.forGateways(1)
  private rest: FastifyInstance | undefined
  private nats: NatsGateway | undefined
  private state: GatewayDescription['state'] = 'starting'
  private drained: Promise<void> | undefined

  constructor(options: GatewaysOptions) {
    this.options = options
  }

  async serve(node: NodeSide): Promise<{ readonly port: number }> {
    const { config, logger, identity } = this.options
    const statistics = new RequestStatistics((name) => node.directory().collections.has(name))
    const { rest, joinNats } = await createGateway({
      config,
      ports: {
        directory: node.directory,
        writePort: node.writePort,
        controlPort: node.controlPort,
        barrier: node.barrier,
        identity,
        node: {
          describe: async (collectionId) => node.describe(collectionId),
          describeGateways: async () => this.describe(),
          readiness: async () => readiness(node, this.describe()),
          actors: async () => node.actors(),
          memory: async () => memoryOf(node, []),
          metricsText: node.metricsText,
          requestReports: async () => [
            { ...statistics.report(this.counts.of(0, 'requests')), ...natsOf(this.nats) }
          ],
          rebuildShard: node.rebuildShard,
          describeIngests: async () => node.describeIngests(),
          rejections: async (collectionId) => node.rejections(collectionId)
        }
      },
      logger,
      statistics,
      counts: this.counts,
      gateway: 0
    })
    this.rest = rest
    const host = config['server.host']
    const port = config['server.port']
    try {
      await rest.listen({ host, port })
    } catch (cause) {
      const isInUse = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
      throw isInUse ? new EngineError('MILLRACE_PORT_IN_USE', { host, port }, { cause }) : cause
    }
    this.nats = joinNats()
    this.state = 'serving'
    const bound = rest.server.address()
    return { port: typeof bound === 'object' && bound !== null ? bound.port : port }
  }

  describe(): readonly GatewayDescription[] {
    return [{ gateway: 0, state: this.state, restarts: 0, lastError: null }]
  }

  /** Its requests read the node's own directory. */
  directoryChanged(): void {}

  async drain(drainMs: number): Promise<void> {
    this.drained ??= this.drainOnce(drainMs)
    await this.drained
  }

  private async drainOnce(drainMs: number): Promise<void> {
    this.state = 'draining'
    this.counts.drain()
    if (this.rest !== undefined) await drainGateway(this.rest, this.nats, drainMs)
    this.state = 'stopped'
  }
}
