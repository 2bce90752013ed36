export { type Gateways, type GatewaysOptions, startGateways } from './gateways.ts'
export type { NodeSide } from './worker-requests.ts'
