import { createVectorNameSchema } from '../../domain/schemas/index.ts'
import { createVectorName, deleteVectorName, parseJson } from '../../service/index.ts'
import { collectionOf, type Operation, succeeded } from './operation.ts'
import { writeOptions } from './parameters.ts'

const url = '/collections/:name/vectors/:vector'
const tags = ['collections']

export const vectorNameOperations: readonly Operation[] = [
  {
    name: 'create_vector_name',
    method: 'PUT',
    url,
    tags,
    summary: 'Add a named vector',
    body: createVectorNameSchema,
    async run({ context }, call) {
      const options = writeOptions(call)
      const body = parseJson(call.body, context.limits.jsonDepth, 'rounded')
      const vector = call.path('vector')
      return succeeded(await createVectorName(context, collectionOf(call), vector, body, options))
    }
  },
  {
    name: 'delete_vector_name',
    method: 'DELETE',
    url,
    tags,
    summary: 'Take a named vector away',
    async run({ context }, call) {
      const options = writeOptions(call)
      const vector = call.path('vector')
      return succeeded(await deleteVectorName(context, collectionOf(call), vector, options))
    }
  }
]
