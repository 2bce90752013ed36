export type { NatsLogin, NatsSettings } from './connection.ts'
export { NatsGateway, type NatsOptions } from './gateway.ts'
export { collectionToken } from './subjects.ts'
