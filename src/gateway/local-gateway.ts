import type { GatewayDescription } from '../domain/node-port.ts'
import { EngineError } from '../errors/index.ts'
import { GatewayCounts } from './counts.ts'
import { createGateway, drainGateway } from './gateway.ts'
import type { Gateways, GatewaysOptions } from './gateways.ts'
import { type GatewaysSide, isReady } from './worker-requests.ts'

/** Without workers the main thread serves as well: for tests, and for programs that embed a server. */
export async function startLocal(options: GatewaysOptions): Promise<Gateways> {
  const { config, node, logger, metrics } = options
  const counts = GatewayCounts.forGateways(1)
  let state: GatewayDescription['state'] = 'starting'
  const describe = () => [{ gateway: 0, state, restarts: 0, lastError: null }]
  const side: GatewaysSide = {
    describeGateways: describe,
    metricsText: options.metricsText,
    handOver: () => {},
    haveFollowed: async () => {}
  }
  const rest = await createGateway({
    config,
    ports: {
      directory: node.directory,
      writePort: node.writePort,
      controlPort: node.controlPort,
      barrier: node.barrier,
      node: {
        describe: async () => node.describe(),
        describeGateways: async () => describe(),
        isReady: async () => isReady(node, side),
        metricsText: options.metricsText,
        requestReports: async () => [],
        rejections: async () => []
      }
    },
    logger,
    metrics,
    counts,
    gateway: 0
  })
  const host = config['server.host']
  const port = config['server.port']
  try {
    await rest.listen({ host, port })
  } catch (cause) {
    await rest.close()
    const isInUse = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
    throw isInUse ? new EngineError('MILLRACE_PORT_IN_USE', { host, port }, { cause }) : cause
  }
  state = 'serving'
  const bound = rest.server.address()
  let drained: Promise<void> | undefined
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    describe,
    directoryChanged: () => {},
    async drain(drainMs) {
      state = 'draining'
      counts.drain()
      drained ??= drainGateway(rest, drainMs)
      await drained
      state = 'stopped'
    }
  }
}
