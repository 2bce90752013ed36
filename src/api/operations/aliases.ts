import { changeAliasesSchema } from '../../domain/schemas/index.ts'
import {
  changeAliases,
  listAliases,
  listCollectionAliases,
  parseJson
} from '../../service/index.ts'
import { collectionOf, type Operation, succeeded } from './operation.ts'
import { managementOptions } from './parameters.ts'

const tags = ['aliases']

export const aliasOperations: readonly Operation[] = [
  {
    name: 'change_aliases',
    method: 'POST',
    url: '/collections/aliases',
    tags,
    summary: 'Create, delete and rename aliases',
    body: changeAliasesSchema,
    async run({ context }, call) {
      const options = managementOptions(call)
      const body = parseJson(call.body, context.limits.jsonDepth)
      return succeeded(await changeAliases(context, body, options))
    }
  },
  {
    name: 'list_aliases',
    method: 'GET',
    url: '/aliases',
    tags,
    summary: 'List all aliases',
    run: async ({ context }) => succeeded(listAliases(context))
  },
  {
    name: 'collection_aliases',
    method: 'GET',
    url: '/collections/:name/aliases',
    tags,
    summary: 'List the aliases of a collection',
    run: async ({ context }, call) => succeeded(listCollectionAliases(context, collectionOf(call)))
  }
]
