export { loadGateways } from './gateways.ts'
export type { Gateways, GatewaysOptions } from './gateways-face.ts'
export { serviceLimits } from './service-limits.ts'
export type { NodeSide } from './worker-requests.ts'
