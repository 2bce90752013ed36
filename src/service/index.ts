export { listActors } from './actors.ts'
export * from './aliases.ts'
export {
  clusterStatus,
  clusterTelemetry,
  collectionCluster,
  listShardKeys,
  refuseStandalone
} from './cluster.ts'
export { collectionInfo } from './collection-info.ts'
export { collectionMetrics } from './collection-metrics.ts'
export * from './collections.ts'
export * from './context.ts'
export { encodeTargetOf } from './encode-target.ts'
export { answerEverydayQuery } from './everyday-query.ts'
export { explainUpsert } from './explain-upsert.ts'
export { checkIngestName, readIngestSpec } from './ingest-spec.ts'
export * from './ingests.ts'
export { parseJson } from './json.ts'
export { memoryReport } from './memory.ts'
export { listOptimizations } from './optimizations.ts'
export { recordsOfIds } from './point-records.ts'
export { writePointsBatch } from './points-batch.ts'
export * from './points-query.ts'
export { countPoints, getPoint, retrievePoints, scrollPoints } from './points-read.ts'
export { writePoints } from './points-write.ts'
export type { ManagementOptions } from './propose.ts'
export { quotaStatus } from './quotas.ts'
export * from './rebuild.ts'
export { listRejections } from './rejections.ts'
export { answerShardRequest } from './shard-requests.ts'
export { type TelemetryOptions, telemetry } from './telemetry.ts'
export { createVectorName, deleteVectorName } from './vector-names.ts'
export type { UpdateResult, WriteAnswer } from './write-records.ts'
