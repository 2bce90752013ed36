import {
  queryBatchSchema,
  queryPointsSchema,
  searchPointsSchema
} from '../../domain/schemas/index.ts'
import {
  answerEverydayQuery,
  parseJson,
  queryPoints,
  queryPointsBatch,
  searchPoints,
  searchPointsBatch
} from '../../service/index.ts'
import { collectionOf, type Operation, rendered } from './operation.ts'
import { readOptions } from './parameters.ts'

const forms = [
  ['query', 'query', 'Find the nearest points', queryPointsSchema, queryPoints],
  ['query_batch', 'query/batch', 'Several queries at once', queryBatchSchema, queryPointsBatch],
  ['search', 'search', 'Find the nearest points (older form)', searchPointsSchema, searchPoints],
  [
    'search_batch',
    'search/batch',
    'Several searches at once (older form)',
    queryBatchSchema,
    searchPointsBatch
  ]
] as const

export const searchOperations: readonly Operation[] = forms.map(
  ([name, path, summary, body, operation]): Operation => ({
    name,
    method: 'POST',
    url: `/collections/:name/points/${path}`,
    tags: ['search'],
    summary,
    body,
    async run({ context }, call) {
      const options = readOptions(call)
      const collection = collectionOf(call)
      if (name === 'query' || name === 'search') {
        const answer = await answerEverydayQuery(context, collection, call.body, name, options)
        if (answer !== null) return rendered(answer)
      }
      const parsed = parseJson(call.body, context.limits.jsonDepth)
      return rendered(await operation(context, collection, parsed, options))
    }
  })
)
