export { type ChainPlan, planChain, wholePlan } from './chain.ts'
export { manifestName } from './file-names.ts'
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
