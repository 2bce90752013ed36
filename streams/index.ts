export { type Crc32c, crc32c } from './crc32c.ts'
export { DiskSpace, type DiskSpaceState } from './disk-space.ts'
export * from './embedded/index.ts'
export {
  errnoOf,
  type FileLayer,
  isDiskFull,
  type LogFile,
  nodeFiles,
  type OpenMode,
  readFully,
  readWholeFile,
  replaceFile,
  writeFully
} from './files.ts'
export { type KafkaAccess, openKafkaSource } from './kafka-source/index.ts'
export type {
  Log,
  LogBatch,
  LogEnds,
  ReadOptions,
  TopicInfo,
  WaitOptions
} from './log.ts'
export * from './memory/index.ts'
export type {
  DeadLetterRecord,
  OpenSource,
  PartitionName,
  Source,
  SourceBatch,
  SourcePartition,
  SourcePosition,
  SourceRecord,
  SourceSettings
} from './source.ts'
