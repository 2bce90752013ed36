/** Operations that change points. Bodies stay bytes: each operation reads its own. */
import Type, { type TSchema } from 'typebox'
import {
  batchOperationsSchema,
  deletePayloadSchema,
  deleteVectorsSchema,
  type OperationName,
  overwritePayloadSchema,
  selectPointsSchema,
  setPayloadSchema,
  updateVectorsSchema,
  upsertPointsBatchSchema,
  upsertPointsListSchema
} from '../../domain/schemas/index.ts'
import { tokenHeader } from '../../domain/token.ts'
import { type WriteAnswer, writePoints, writePointsBatch } from '../../service/index.ts'
import { type Call, collectionOf, type Operation, succeeded } from './operation.ts'
import { writeOptions } from './parameters.ts'

interface PointOperation {
  readonly method: 'POST' | 'PUT'
  /** Behind `/collections/:name/points`. */
  readonly path: string
  readonly name: OperationName
  readonly summary: string
  readonly body: TSchema
}

const upsertSchema = Type.Union([upsertPointsListSchema, upsertPointsBatchSchema])

// biome-ignore format: one operation a line
const pointOperations: readonly PointOperation[] = [
  { method: 'PUT', path: '', name: 'upsert', summary: 'Insert or replace points', body: upsertSchema },
  { method: 'POST', path: '/delete', name: 'delete', summary: 'Delete points', body: selectPointsSchema },
  { method: 'PUT', path: '/vectors', name: 'update_vectors', summary: 'Replace vectors', body: updateVectorsSchema },
  { method: 'POST', path: '/vectors/delete', name: 'delete_vectors', summary: 'Delete vectors', body: deleteVectorsSchema },
  { method: 'POST', path: '/payload', name: 'set_payload', summary: 'Merge into payloads', body: setPayloadSchema },
  { method: 'PUT', path: '/payload', name: 'overwrite_payload', summary: 'Replace payloads', body: overwritePayloadSchema },
  { method: 'POST', path: '/payload/delete', name: 'delete_payload', summary: 'Delete keys of payloads', body: deletePayloadSchema },
  { method: 'POST', path: '/payload/clear', name: 'clear_payload', summary: 'Clear payloads', body: selectPointsSchema }
]

const tags = ['points']

export const pointWriteOperations: readonly Operation[] = [
  ...pointOperations.map(
    ({ method, path, name, summary, body }): Operation => ({
      name,
      method,
      url: `/collections/:name/points${path}`,
      tags,
      summary,
      body,
      async run({ context }, call) {
        const options = writeOptions(call)
        const collection = collectionOf(call)
        return written(call, await writePoints(context, collection, name, call.body, options))
      }
    })
  ),
  {
    name: 'batch',
    method: 'POST',
    url: '/collections/:name/points/batch',
    tags,
    summary: 'Several operations',
    body: batchOperationsSchema,
    async run({ context }, call) {
      const options = writeOptions(call)
      const collection = collectionOf(call)
      return written(call, await writePointsBatch(context, collection, call.body, options))
    }
  }
]

function written<Result>(call: Call, { result, token }: WriteAnswer<Result>) {
  if (token !== undefined) call.setHeader(tokenHeader, token)
  return succeeded(result)
}
