import { aliasOperations } from './aliases.ts'
import { clusterOperations } from './cluster.ts'
import { collectionOperations } from './collections.ts'
import { ingestOperations } from './ingests.ts'
import type { Operation } from './operation.ts'
import { pointReadOperations } from './points-read.ts'
import { pointWriteOperations } from './points-write.ts'
import { searchOperations } from './search.ts'
import { serviceOperations } from './service.ts'
import { telemetryOperations } from './telemetry.ts'
import { vectorNameOperations } from './vector-names.ts'

export * from './failure.ts'
export * from './in-flight.ts'
export * from './operation.ts'
export type { QueryParameters } from './parameters.ts'

/** Everything that a client can ask for, on every transport. */
export const operations: readonly Operation[] = [
  ...collectionOperations,
  ...vectorNameOperations,
  ...aliasOperations,
  ...pointReadOperations,
  ...pointWriteOperations,
  ...searchOperations,
  ...ingestOperations,
  ...clusterOperations,
  ...serviceOperations,
  ...telemetryOperations
]
