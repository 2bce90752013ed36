export { type ChainPlan, planChain, wholePlan } from './chain.ts'
export type { FrameSource } from './chain-writer.ts'
export { manifestName } from './file-names.ts'
export {
  type GraphFiles,
  type GraphTarget,
  type LoadedGraphs,
  readGraphFile
} from './graph-files.ts'
export {
  type InspectedCheckpoints,
  inspectCheckpoints,
  type LoadTarget,
  readCheckpoint
} from './inspect.ts'
export { readLogName, writeLogName } from './log-name.ts'
export type { ChainFile, CheckpointManifest } from './manifest.ts'
export { ShardsFolder } from './shards-folder.ts'
export { type CapturedState, CheckpointStore, type StoreOptions } from './store.ts'
