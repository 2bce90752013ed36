export type { NatsLogin, NatsSettings } from './connection.ts'
export { NatsGateway, type NatsOptions } from './gateway.ts'
export { NatsShardPort } from './shard-port.ts'
export { collectionToken } from './subjects.ts'
