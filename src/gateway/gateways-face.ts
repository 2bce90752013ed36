/** What all gateways of a node are to the server, in worker threads or in the main thread. */
import type { Config } from '../config/index.ts'
import type { GatewayDescription, NodeIdentity } from '../domain/node-port.ts'
import type { Logger } from '../observability/index.ts'
import type { NodeSide } from './worker-requests.ts'

export interface GatewaysOptions {
  readonly config: Config
  readonly logger: Logger
  readonly identity: NodeIdentity
}

export interface Gateways {
  /** Listens. @throws MILLRACE_PORT_IN_USE, why no gateway could start */
  serve(node: NodeSide): Promise<{ readonly port: number }>
  describe(): readonly GatewayDescription[]
  /** To be called after each change of the node's directory. */
  directoryChanged(): void
  /** Answers what is under way, refuses the rest, and lets go of the port, within `drainMs`. Further calls join the first. */
  drain(drainMs: number): Promise<void>
}
