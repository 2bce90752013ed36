export { type EmbeddedLog, openEmbeddedLog } from './embedded-log.ts'
export {
  type InspectedBatch,
  type InspectedPartition,
  type InspectedSegment,
  inspectLog,
  inspectPartition
} from './inspect.ts'
export { readInspected } from './inspect-batches.ts'
export { type InspectedItem, inspectRecords } from './inspect-records.ts'
export type { PartitionStats } from './partition.ts'
export type { EmbeddedLogOptions, LogEvent } from './settings.ts'
