import type { FastifyInstance } from 'fastify'
import { createRestServer } from '../api/rest/index.ts'
import { type Config, packageCommit, packageVersion } from '../config/index.ts'
import type { Logger, RequestStatistics } from '../observability/index.ts'
import type { ServiceContext } from '../service/index.ts'
import type { Connections } from './connections.ts'
import type { GatewayCounts } from './counts.ts'

export interface GatewayOptions {
  readonly config: Config
  /** The directory and the ports by which this thread reaches the node. */
  readonly ports: Omit<ServiceContext, 'limits'>
  readonly logger: Logger
  readonly statistics: RequestStatistics
  /** Of all gateways; this one counts under its number. */
  readonly counts: GatewayCounts
  readonly gateway: number
}

/** The REST gateway of one thread; it serves once its caller lets it listen. */
export function createGateway(options: GatewayOptions): Promise<FastifyInstance> {
  const { config, ports, logger, statistics, counts, gateway } = options
  return createRestServer({
    context: {
      ...ports,
      limits: {
        recordBytes: config['limits.recordBytes'],
        jsonDepth: config['limits.jsonDepth'],
        shards: config['limits.shards'],
        resultPoints: config['limits.resultPoints'],
        filterConditions: config['limits.filterConditions'],
        filterDepth: config['limits.filterDepth'],
        requestTimeoutMs: config['server.requestTimeoutMs'],
        replayWaitMs: config['recovery.readWaitMs']
      }
    },
    logger,
    statistics,
    cors: config['server.cors'],
    compressBytes: config['server.compressBytes'],
    limits: {
      bodyBytes: config['limits.bodyBytes'],
      requestsInFlight: config['limits.requestsInFlight']
    },
    inFlight: {
      add: (change) => counts.add(gateway, 'requests', change),
      ofNode: () => counts.total('requests'),
      isDraining: () => counts.isDraining
    },
    service: {
      version: packageVersion,
      commit: packageCommit,
      metricsPrefix: config['server.metricsPrefix']
    }
  })
}

/** Lets requests under way finish; what takes longer than the deadline loses its connection. */
export async function drainGateway(
  rest: FastifyInstance,
  drainMs: number,
  connections?: Connections
): Promise<void> {
  const closing = Promise.all([rest.close(), connections?.close()])
  // A connection that becomes idle only now would otherwise be waited for until its client lets go.
  const sweep = setInterval(() => rest.server.closeIdleConnections(), 20)
  const deadline = setTimeout(() => rest.server.closeAllConnections(), drainMs)
  await closing
  clearInterval(sweep)
  clearTimeout(deadline)
}
