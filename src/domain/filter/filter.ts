/**
 * Turns a request's filter into the form that travels in records and goes to the engine.
 * @see native/core/include/millrace/filter.h
 */
import { type FilterContext, type FilterMeta, FilterReader } from './filter-reader.ts'

/**
 * @param value  the filter as it was parsed, integers beyond 2^53 as bigints
 * @param path   where it stands in the request
 * @throws MILLRACE_BODY_MALFORMED for what is no filter, MILLRACE_BODY_INVALID for a condition that says nothing,
 *         MILLRACE_OPTION_UNSUPPORTED, MILLRACE_INPUT_INVALID past `limits.filterConditions` or `limits.filterDepth`
 */
export function normalizeFilter(value: unknown, context: FilterContext, path: string): FilterMeta {
  return new FilterReader(context).filter(value, path)
}

/** @returns the points that match `filter`, if there is one, and are none of `ids` */
export function excludingIds(
  filter: FilterMeta | undefined,
  ids: readonly (bigint | Uint8Array)[]
): FilterMeta {
  const excluded = { has_id: ids }
  return { ...filter, must_not: [...(filter?.must_not ?? []), excluded] }
}
