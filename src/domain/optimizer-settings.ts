/** When a segment is worth another one: what the user has set in `optimizers_config`, over the defaults. */
import { bytesPerVector, type CollectionSpec } from './collection.ts'
import { tidySettings } from './collection-settings.ts'
import { buildersOf, indexesOf, type SlotIndexing } from './index-settings.ts'

export type { SlotIndexing } from './index-settings.ts'

/** How the graphs of a shard grow, and what of that its readers wait for. */
export interface GrowthSettings {
  /** Threads that build at once, from their next turn on; 0: one for each core. */
  readonly builders: number
  /** Nothing is built. */
  readonly isPaused: boolean
  /**
   * Points that no graph leads to are not shown, but for as many as need none. What may be read when this is turned on
   * stays so.
   */
  readonly defers: boolean
}

export interface OptimizerSettings {
  /** Share of rows that are dead. */
  readonly deletedThreshold: number
  /** Rows below which nothing is vacuumed. */
  readonly vacuumMinRows: number
  /** Whether segments are built at all: `max_optimization_threads` is not 0. */
  readonly mayBuild: boolean
  readonly growth: GrowthSettings
  readonly indexes: readonly SlotIndexing[]
}

export const optimizerDefaults = { deleted_threshold: 0.2, vacuum_min_vector_number: 1000 }

export function optimizerSettingsOf(spec: CollectionSpec): OptimizerSettings {
  const given = tidySettings(spec.request).optimizers_config ?? {}
  const mayBuild = given.max_optimization_threads !== 0
  return {
    deletedThreshold: given.deleted_threshold ?? optimizerDefaults.deleted_threshold,
    vacuumMinRows: given.vacuum_min_vector_number ?? optimizerDefaults.vacuum_min_vector_number,
    mayBuild,
    growth: { builders: buildersOf(spec), isPaused: !mayBuild, defers: defersPoints(spec) },
    indexes: indexesOf(spec)
  }
}

/** Whether points that no graph leads to wait to be shown. */
export function defersPoints({ request }: CollectionSpec): boolean {
  const { prevent_unoptimized: isWanted } =
    request.optimizers_config ?? request.optimizer_config ?? {}
  return isWanted === true
}

/** Bytes of the components of one vector; 0 for a slot that the collection does not have. */
export function bytesOfVector({ vectors }: CollectionSpec, slot: number): number {
  const found = vectors.find((one) => one.slot === slot)
  return found === undefined ? 0 : bytesPerVector(found)
}
