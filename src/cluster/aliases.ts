/** Aliases in the reducer of the metadata log. */
import type { ControlVerdict } from '../domain/ports.ts'
import type { AliasAction } from '../domain/schemas/index.ts'
import type { ErrorCode, ErrorDetails } from '../errors/index.ts'
import type { MetadataLimits, MetadataState } from './metadata-state.ts'

export type Names = Pick<MetadataState, 'collections' | 'aliases'>

export interface Decision extends Names {
  readonly verdict: ControlVerdict
}

export function refused(names: Names, code: ErrorCode, details: ErrorDetails): Decision {
  const { collections, aliases } = names
  return { collections, aliases, verdict: { accepted: false, code, details } }
}

/** Applies actions in order. One that fails ends the list, and those before it stay applied. */
export function changeAliases(
  { collections, aliases: before }: Names,
  actions: readonly AliasAction[],
  limits: MetadataLimits
): Decision {
  const aliases = new Map(before)
  const names = { collections, aliases }
  for (const action of actions) {
    const problem = applyAction(names, action, limits)
    if (problem !== undefined) return refused(names, problem.code, problem.details)
  }
  return { ...names, verdict: { accepted: true, changed: true, collectionId: undefined } }
}

interface Problem {
  readonly code: ErrorCode
  readonly details: ErrorDetails
}

interface ChangingNames {
  readonly collections: Names['collections']
  readonly aliases: Map<string, string>
}

function applyAction(
  names: ChangingNames,
  action: AliasAction,
  limits: MetadataLimits
): Problem | undefined {
  if ('create_alias' in action) {
    const { collection_name: collection, alias_name: alias } = action.create_alias
    if (!names.collections.has(collection)) {
      return { code: 'MILLRACE_COLLECTION_NOT_FOUND', details: { collection } }
    }
    return pointAlias(names, alias, collection, limits)
  }
  if ('delete_alias' in action) {
    names.aliases.delete(action.delete_alias.alias_name)
    return undefined
  }
  const { old_alias_name: old, new_alias_name: alias } = action.rename_alias
  const collection = names.aliases.get(old)
  if (collection === undefined) {
    return { code: 'MILLRACE_ALIAS_NOT_FOUND', details: { alias: old } }
  }
  names.aliases.delete(old)
  const problem = pointAlias(names, alias, collection, limits)
  if (problem !== undefined) names.aliases.set(old, collection)
  return problem
}

function pointAlias(
  { collections, aliases }: ChangingNames,
  alias: string,
  collection: string,
  { aliases: limit = Number.POSITIVE_INFINITY }: MetadataLimits
): Problem | undefined {
  if (collections.has(alias)) {
    return { code: 'MILLRACE_COLLECTION_EXISTS', details: { collection: alias } }
  }
  if (!aliases.has(alias) && aliases.size >= limit) {
    return { code: 'MILLRACE_ALIAS_LIMIT', details: { alias, limit } }
  }
  aliases.set(alias, collection)
  return undefined
}
