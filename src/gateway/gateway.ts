import type { FastifyInstance } from 'fastify'
import type { NatsGateway } from '../api/nats/index.ts'
import { createRestServer } from '../api/rest/index.ts'
import { type Config, packageCommit, packageVersion } from '../config/index.ts'
import type { RequestReport } from '../domain/node-port.ts'
import type { Logger, RequestStatistics } from '../observability/index.ts'
import type { ServiceContext } from '../service/index.ts'
import type { Connections } from './connections.ts'
import type { GatewayCounts } from './counts.ts'
import { natsSettings } from './nats-settings.ts'
import { serviceLimits } from './service-limits.ts'

export interface GatewayOptions {
  readonly config: Config
  /** The directory and the ports by which this thread reaches the node. */
  readonly ports: Omit<ServiceContext, 'limits' | 'shardPort'>
  readonly logger: Logger
  readonly statistics: RequestStatistics
  /** Of all gateways; this one counts under its number. */
  readonly counts: GatewayCounts
  readonly gateway: number
}

/** The gateway of one thread: REST, which serves once its caller lets it listen, and NATS, once it is told to connect. */
export interface Gateway {
  readonly rest: FastifyInstance
  /** Joins the service on NATS; undefined when none is configured. To be called once. */
  joinNats(): NatsGateway | undefined
}

/** @throws MILLRACE_CONFIG_INVALID */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, ports, logger, statistics, counts, gateway } = options
  const settings = natsSettings(config)
  // Loaded only when it is asked for: each thread would pay for it.
  const nats = settings && (await import('../api/nats/index.ts'))
  const shardPort =
    nats && config['query.transport'] === 'nats'
      ? new nats.NatsShardPort(config['nats.prefix'], config['nats.inboxPrefix'])
      : undefined
  const context: ServiceContext = {
    ...ports,
    shardPort,
    limits: serviceLimits(config)
  }
  const inFlight = {
    add: (change: 1 | -1) => counts.add(gateway, 'requests', change),
    ofNode: () => counts.total('requests'),
    isDraining: () => counts.isDraining
  }
  const limits = {
    bodyBytes: config['limits.bodyBytes'],
    requestsInFlight: config['limits.requestsInFlight']
  }
  const facts = {
    version: packageVersion,
    commit: packageCommit,
    metricsPrefix: config['server.metricsPrefix']
  }
  const rest = await createRestServer({
    context,
    logger,
    statistics,
    cors: config['server.cors'],
    compressBytes: config['server.compressBytes'],
    limits,
    inFlight,
    service: facts
  })
  return {
    rest,
    joinNats: () =>
      nats &&
      new nats.NatsGateway({
        settings,
        prefix: config['nats.prefix'],
        queue: config['nats.queue'],
        scope: { context, facts },
        inFlight,
        limits,
        shardPort,
        logger: logger.child({ part: 'nats' })
      })
  }
}

/** The NATS part of what a gateway reports. */
export function natsOf(nats: NatsGateway | undefined): Pick<RequestReport, 'nats'> {
  return nats === undefined ? {} : { nats: nats.report() }
}

/** Lets requests under way finish; what takes longer than the deadline loses its connection. */
export async function drainGateway(
  rest: FastifyInstance,
  nats: NatsGateway | undefined,
  drainMs: number,
  connections?: Connections
): Promise<void> {
  const closed = Promise.all([rest.close(), connections?.close()])
  const closing = Promise.all([closed, nats?.drain(drainMs, closed)])
  // A connection that becomes idle only now would otherwise be waited for until its client lets go.
  const sweep = setInterval(() => rest.server.closeIdleConnections(), 20)
  const deadline = setTimeout(() => rest.server.closeAllConnections(), drainMs)
  await closing
  clearInterval(sweep)
  clearTimeout(deadline)
}
