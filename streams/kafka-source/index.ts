export type { KafkaAccess } from './kafka-client.ts'
export { openKafkaSource } from './kafka-source.ts'
