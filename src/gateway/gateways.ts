/** All gateways of a node: in worker threads, or one in the main thread. */
import type { Gateways, GatewaysOptions } from './gateways-face.ts'
import { natsSettings } from './nats-settings.ts'

/**
 * Brings up the gateways; they load while the node recovers, and serve once it is there.
 *
 * @throws MILLRACE_CONFIG_INVALID
 */
export async function loadGateways(options: GatewaysOptions): Promise<Gateways> {
  // What is wrong with them is told before anything is opened for them.
  natsSettings(options.config)
  if (options.config['server.workers'] === 0) {
    // Loaded here, so that a main thread with workers has none of what a gateway needs.
    const { LocalGateway } = await import('./local-gateway.ts')
    return new LocalGateway(options)
  }
  const { WorkerPool } = await import('./worker-pool.ts')
  return new WorkerPool(options)
}
