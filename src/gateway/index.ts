export { type Gateways, type GatewaysOptions, loadGateways } from './gateways.ts'
export type { NodeSide } from './worker-requests.ts'
