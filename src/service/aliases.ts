import { findCollection } from '../domain/directory.ts'
import { checkCollectionName, collectionNameProblem } from '../domain/names.ts'
import { type AliasAction, changeAliasesSchema, parseRequest } from '../domain/schemas/index.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceContext } from './context.ts'
import { type ManagementOptions, propose } from './propose.ts'

export interface AliasList {
  readonly aliases: readonly { readonly alias_name: string; readonly collection_name: string }[]
}

/** Applies actions in order; those before a failing one stay applied. */
export async function changeAliases(
  context: ServiceContext,
  body: unknown,
  options: ManagementOptions
): Promise<true> {
  const { actions } = parseRequest(changeAliasesSchema, body)
  actions.forEach(checkNewName)
  await propose(context, { type: 'changeAliases', actions }, options)
  return true
}

export function listAliases(context: ServiceContext): AliasList {
  const aliases = [...context.directory().aliases]
    .map(([alias_name, collection_name]) => ({ alias_name, collection_name }))
    .sort((a, b) => (a.alias_name < b.alias_name ? -1 : 1))
  return { aliases }
}

/** @throws MILLRACE_COLLECTION_NOT_FOUND */
export function listCollectionAliases(context: ServiceContext, name: string): AliasList {
  const view = findCollection(context.directory(), checkCollectionName(name, 'use'))
  const { aliases } = listAliases(context)
  return { aliases: aliases.filter(({ collection_name }) => collection_name === view.name) }
}

/** An alias is used where a collection's name is, so that it follows the same rules. */
function checkNewName(action: AliasAction, index: number): void {
  const alias =
    'create_alias' in action
      ? action.create_alias.alias_name
      : 'rename_alias' in action
        ? action.rename_alias.new_alias_name
        : undefined
  const problem = alias === undefined ? undefined : collectionNameProblem(alias, 'create')
  if (problem === undefined) return
  const reason = `actions[${index}].alias_name: ${problem}`
  throw new EngineError('MILLRACE_BODY_INVALID', { reason })
}
