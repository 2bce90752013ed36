import type { Config } from '../config/index.ts'
import { emptyDirectory } from '../domain/directory.ts'
import type { GatewayDescription, RequestReport } from '../domain/node-port.ts'
import { sumNats, sumRoutes } from '../domain/request-reports.ts'
import { spreadsConnections } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import type { Logger } from '../observability/index.ts'
import { GatewayCounts } from './counts.ts'
import { directoryChange, isWorthSending } from './directory-change.ts'
import { GatewayWorker } from './gateway-worker.ts'
import type { Gateways, GatewaysOptions } from './gateways-face.ts'
import { PortSockets } from './sockets.ts'
import { answersFor, type NodeSide } from './worker-requests.ts'

/**
 * The gateway workers. The first one loads while the node recovers; the others after it serves, so that the first
 * answer does not wait for the processor time that loading them takes.
 */
export class WorkerPool implements Gateways {
  private readonly options: GatewaysOptions
  private readonly counts: GatewayCounts
  private readonly workers: readonly GatewayWorker[]
  private node: NodeSide | undefined
  private sockets: PortSockets | undefined
  private published = emptyDirectory
  /** The newest of each gateway's present life, and the sum of what those that died had last reported. */
  private readonly reports = new Map<number, RequestReport>()
  private pastReport: RequestReport = { inFlight: 0, heapBytes: 0, routes: [] }
  private drained: Promise<void> | undefined

  constructor(options: GatewaysOptions) {
    this.options = options
    const { config, logger } = options
    const count = workerCount(config, logger)
    this.counts = GatewayCounts.forGateways(count)
    this.workers = Array.from({ length: count }, (_, gateway) => this.makeWorker(gateway))
    this.workers[0]?.load()
  }

  async serve(node: NodeSide): Promise<{ readonly port: number }> {
    const { config } = this.options
    this.node = node
    this.sockets = await PortSockets.of(config['server.host'], config['server.port'])
    const [first, ...others] = this.workers
    this.directoryChanged()
    await first?.serve()
    for (const worker of others) worker.serveLater()
    return { port: this.sockets.port }
  }

  describe(): readonly GatewayDescription[] {
    return this.workers.map((worker) => worker.describe())
  }

  directoryChanged(): void {
    if (this.node === undefined) return
    const directory = this.node.directory()
    const change = directoryChange(this.published, directory)
    if (!isWorthSending(this.published, change)) return
    this.published = directory
    for (const worker of this.workers) worker.follow(change)
    // Whoever reads this number finds the change in its mailbox: so every request that starts from now on sees it.
    this.counts.announceDirectory(directory.version)
  }

  async drain(drainMs: number): Promise<void> {
    this.drained ??= this.drainOnce(drainMs)
    await this.drained
  }

  private async drainOnce(drainMs: number): Promise<void> {
    this.counts.drain()
    await Promise.all(this.workers.map((worker) => worker.drain(drainMs)))
    this.sockets?.closeAll()
  }

  private makeWorker(gateway: number): GatewayWorker {
    const { config, identity, logger } = this.options
    return new GatewayWorker({
      start: { gateway, config, identity, counts: this.counts.memory },
      logger,
      requests: (channel) =>
        answersFor(channel, () => this.servedNode(), {
          describeGateways: () => this.describe(),
          requestReports: () => this.requestReports(),
          handOver: (fd, to) => this.workers[to]?.adopt(fd) ?? false
        }),
      open: () => {
        const sockets = this.sockets?.open(gateway) ?? []
        return { sockets, directory: directoryChange(emptyDirectory, this.published) }
      },
      close: () => this.sockets?.close(gateway),
      onDeath: () => this.clearAfter(gateway)
    })
  }

  private servedNode(): NodeSide {
    if (this.node === undefined) throw new EngineError('MILLRACE_NODE_DRAINING')
    return this.node
  }

  private async requestReports(): Promise<RequestReport[]> {
    await Promise.all(
      this.workers.map(async (worker, gateway) => {
        const report = await worker.report()
        if (report !== undefined) this.reports.set(gateway, report)
      })
    )
    return [...this.reports.values(), this.pastReport]
  }

  private clearAfter(gateway: number): void {
    this.counts.reset(gateway)
    const report = this.reports.get(gateway)
    if (report !== undefined) {
      const both = [this.pastReport, report]
      const nats = sumNats(both)
      this.pastReport = {
        inFlight: 0,
        heapBytes: 0,
        routes: sumRoutes(both, true),
        ...(nats && { nats: { ...nats, connected: 0 } })
      }
    }
    this.reports.delete(gateway)
    const areOthers = this.describe().some(
      ({ gateway: other, state }) => other !== gateway && state === 'serving'
    )
    // Connections go to the others from now on; the last one's wait in its socket until it is back.
    if (areOthers) this.sockets?.close(gateway)
  }
}

function workerCount(config: Config, logger: Logger): number {
  const wanted = config['server.workers']
  if (wanted === 1 || spreadsConnections) return wanted
  logger.warn(
    { wanted, used: 1 },
    'this system does not spread connections over several sockets of one port: one gateway worker serves them all'
  )
  return 1
}
