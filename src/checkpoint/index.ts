export { type ChainPlan, planChain, wholePlan } from './chain.ts'
export type { ChainFile, CheckpointManifest } from './manifest.ts'
export { ShardsFolder } from './shards-folder.ts'
export { type CapturedState, CheckpointStore, type LoadTarget, type StoreOptions } from './store.ts'
