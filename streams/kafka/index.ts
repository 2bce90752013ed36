export { type KafkaLog, openKafkaLog } from './kafka-log.ts'
export type { KafkaLogEvent, KafkaLogOptions } from './settings.ts'
