export { type Crc32c, crc32c } from './crc32c.ts'
export * from './embedded/index.ts'
export {
  errnoOf,
  type FileLayer,
  type LogFile,
  nodeFiles,
  type OpenMode,
  readFully,
  readWholeFile,
  replaceFile,
  writeFully
} from './files.ts'
export type {
  Log,
  LogBatch,
  LogEnds,
  ReadOptions,
  TopicInfo,
  WaitOptions
} from './log.ts'
export * from './memory/index.ts'
