import { EngineError } from '../../errors/index.ts'

/** The requests under way; the limit, and the node's stop, hold for those of all its gateways and transports. */
export interface RequestsInFlight {
  add(change: 1 | -1): void
  ofNode(): number
  /** Whether new requests are refused because the node stops. */
  isDraining(): boolean
}

/** Answered at any load: who asks would restart a server that is only busy. */
const probes: ReadonlySet<string | undefined> = new Set([
  '/healthz',
  '/livez',
  '/readyz',
  '/metrics'
])

/**
 * Whether a request that is counted already may go on.
 *
 * @param url  of its operation
 * @returns    why it may not
 */
export function refusalOf(
  inFlight: RequestsInFlight,
  inFlightMax: number,
  url: string | undefined
): EngineError | undefined {
  if (inFlight.isDraining()) return new EngineError('MILLRACE_NODE_DRAINING')
  if (inFlight.ofNode() <= inFlightMax || probes.has(url)) return undefined
  return new EngineError('MILLRACE_TOO_MANY_REQUESTS', {
    waiting: inFlightMax,
    limitName: 'limits.requestsInFlight'
  })
}
