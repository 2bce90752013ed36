/** Requests that change points, besides the upsert. */
import Type from 'typebox'
import { filterSchema } from './filter.ts'
import { maybe, pointIdSchema, shardKeySchema } from './parts.ts'
import { payloadSchema, pointVectorSchema } from './points.ts'

/** Of `points` and `filter` the first is used when both are given. */
const selection = {
  points: maybe(Type.Array(pointIdSchema)),
  filter: maybe(filterSchema),
  shard_key: maybe(shardKeySchema)
}

/** For deleting points and for clearing their payload. */
export const selectPointsSchema = Type.Object(selection)

export const setPayloadSchema = Type.Object({
  payload: payloadSchema,
  key: maybe(Type.String({ description: 'JSON path that the payload is merged into' })),
  ...selection
})

export const overwritePayloadSchema = Type.Object({ payload: payloadSchema, ...selection })

export const deletePayloadSchema = Type.Object({ keys: Type.Array(Type.String()), ...selection })

export const updateVectorsSchema = Type.Object({
  points: Type.Array(Type.Object({ id: pointIdSchema, vector: pointVectorSchema })),
  update_filter: maybe(filterSchema),
  shard_key: maybe(shardKeySchema)
})

/** Both `points` and `filter` are used when both are given. */
export const deleteVectorsSchema = Type.Object({
  vector: Type.Array(Type.String(), { description: 'names; `""` is the unnamed vector' }),
  ...selection
})

/** What one item of `operations` may be. */
export const operationNames = [
  'upsert',
  'delete',
  'set_payload',
  'overwrite_payload',
  'delete_payload',
  'clear_payload',
  'update_vectors',
  'delete_vectors'
] as const
export type OperationName = (typeof operationNames)[number]

export const batchOperationsSchema = Type.Object({
  operations: Type.Array(
    Type.Object({}, { description: `an object with one of the keys ${operationNames.join(', ')}` })
  )
})
