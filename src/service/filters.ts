/** Filters of requests: read against the collection, then packed for the engine or for a record. */
import { slotsOf } from '../domain/collection.ts'
import type { CollectionView } from '../domain/directory.ts'
import { type FilterContext, type FilterMeta, normalizeFilter } from '../domain/filter/index.ts'
import { packMeta } from '../domain/record/index.ts'
import { isJsonPath } from '../engine/index.ts'
import type { ServiceLimits } from './context.ts'

/**
 * @param path  where the filter stands in the request, for errors
 * @returns     undefined when there is none
 */
export function readFilter(
  view: CollectionView,
  limits: ServiceLimits,
  value: unknown,
  path: string
): FilterMeta | undefined {
  if (value === undefined || value === null) return undefined
  return normalizeFilter(value, filterContext(view, limits), path)
}

/** The filter of a read, as the engine takes it. @returns null when there is none */
export function packFilter(filter: FilterMeta | undefined): Uint8Array | null {
  return filter === undefined ? null : packMeta(filter)
}

function filterContext(view: CollectionView, limits: ServiceLimits): FilterContext {
  return {
    isJsonPath,
    slotOf: (name) => slotsOf(view.spec).find((vector) => vector.name === name)?.slot,
    limits
  }
}
