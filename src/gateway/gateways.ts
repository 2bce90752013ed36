/** All gateways of a node: in worker threads, or one in the main thread. */
import type { Config } from '../config/index.ts'
import { emptyDirectory } from '../domain/directory.ts'
import type { GatewayDescription } from '../domain/node-port.ts'
import { closeSocket, spreadsConnections } from '../engine/index.ts'
import type { Logger, Metrics } from '../observability/index.ts'
import { GatewayCounts } from './counts.ts'
import { directoryChange } from './directory-change.ts'
import { GatewayWorker } from './gateway-worker.ts'
import { startLocal } from './local-gateway.ts'
import { openSockets } from './sockets.ts'
import { answersFor, type GatewaysSide, type NodeSide } from './worker-requests.ts'

export interface GatewaysOptions {
  readonly config: Config
  readonly node: NodeSide
  readonly logger: Logger
  readonly metrics: Metrics
  /** The node's own part of the metrics page. */
  readonly metricsText: () => Promise<string>
}

export interface Gateways {
  readonly port: number
  describe(): readonly GatewayDescription[]
  /** To be called after each change of the node's directory. */
  directoryChanged(): void
  /** Answers what is under way, refuses the rest, and lets go of the port, within `drainMs`. Idempotent. */
  drain(drainMs: number): Promise<void>
}

/** @throws MILLRACE_PORT_IN_USE, why a gateway could not start; nothing is left open then */
export function startGateways(options: GatewaysOptions): Promise<Gateways> {
  return options.config['server.workers'] === 0 ? startLocal(options) : startWorkers(options)
}

async function startWorkers(options: GatewaysOptions): Promise<Gateways> {
  const { config, node, logger } = options
  const count = workerCount(config, logger)
  const sockets = await openSockets(config['server.host'], config['server.port'], count)
  const counts = GatewayCounts.forGateways(count)
  const describe = () => workers.map((worker) => worker.describe())
  let published = emptyDirectory
  let isPublishing = false
  const publish = () => {
    isPublishing = false
    const directory = node.directory()
    const change = directoryChange(published, directory)
    published = directory
    for (const worker of workers) worker.follow(change)
  }
  const side: GatewaysSide = {
    describeGateways: describe,
    metricsText: options.metricsText,
    handOver(fd, gateway) {
      if (workers[gateway]?.adopt(fd)) return
      closeSocket(fd)
      counts.add(gateway, 'connections', -1)
    },
    async haveFollowed() {
      if (isPublishing) publish()
      await Promise.all(workers.map((worker) => worker.hasFollowed()))
    }
  }
  const workers = sockets.byGateway.map(
    (fds, gateway) =>
      new GatewayWorker({
        start: { gateway, config, sockets: fds, counts: counts.memory },
        logger,
        wholeDirectory: () => directoryChange(emptyDirectory, published),
        requests: (channel) => answersFor(channel, node, side),
        onDeath: () => counts.reset(gateway)
      })
  )
  let drained: Promise<unknown> | undefined
  const drain = async (drainMs: number) => {
    counts.drain()
    const isServing = (worker: GatewayWorker) => worker.describe().state === 'serving'
    const serving = workers.filter(isServing)
    // One that starts duplicates the sockets: it must be gone before they are closed.
    await Promise.all(workers.map((worker) => isServing(worker) || worker.drain(0)))
    const ending = serving.map((worker) => worker.drain(drainMs))
    // Without these the port is free as soon as the workers let go of it.
    sockets.close()
    await Promise.all(ending)
  }
  publish()
  const started = await Promise.allSettled(workers.map((worker) => worker.start()))
  const failed = started.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) {
    await drain(0)
    throw failed.reason
  }
  return {
    port: sockets.port,
    describe,
    directoryChanged() {
      if (isPublishing) return
      // Several changes of one moment travel together.
      isPublishing = true
      queueMicrotask(() => isPublishing && publish())
    },
    async drain(drainMs) {
      drained ??= drain(drainMs)
      await drained
    }
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
