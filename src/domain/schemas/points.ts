import Type from 'typebox'
import { filterSchema } from './filter.ts'
import {
  denseVectorSchema,
  maybe,
  multiVectorSchema,
  pointIdSchema,
  shardKeySchema,
  sparseVectorSchema,
  withPayloadSchema,
  withVectorSchema
} from './parts.ts'

export const payloadSchema = Type.Record(Type.String(), Type.Unknown())

const namedVectorSchema = Type.Union([denseVectorSchema, multiVectorSchema, sparseVectorSchema])

/** The forms that the vectors of a point may have: the default one bare, or by name; a sparse one always has a name. */
export const pointVectorSchema = Type.Union([
  denseVectorSchema,
  multiVectorSchema,
  Type.Record(Type.String(), namedVectorSchema)
])

const pointSchema = Type.Object({
  id: pointIdSchema,
  vector: maybe(pointVectorSchema),
  vectors: maybe(pointVectorSchema),
  payload: maybe(payloadSchema)
})

const batchSchema = Type.Object({
  ids: Type.Array(pointIdSchema),
  vectors: Type.Union([
    Type.Array(Type.Union([denseVectorSchema, multiVectorSchema])),
    Type.Record(Type.String(), Type.Array(namedVectorSchema))
  ]),
  payloads: maybe(Type.Array(Type.Union([payloadSchema, Type.Null()])))
})

const upsertModes = {
  shard_key: maybe(shardKeySchema),
  update_mode: maybe(Type.String()),
  update_filter: maybe(filterSchema)
}

export const upsertPointsListSchema = Type.Object({
  points: Type.Array(pointSchema),
  ...upsertModes
})

export const upsertPointsBatchSchema = Type.Object({ batch: batchSchema, ...upsertModes })

export const retrievePointsSchema = Type.Object({
  ids: Type.Array(pointIdSchema),
  with_payload: maybe(withPayloadSchema),
  with_vector: maybe(withVectorSchema),
  with_vectors: maybe(withVectorSchema),
  shard_key: maybe(shardKeySchema)
})

export const scrollPointsSchema = Type.Object({
  offset: maybe(pointIdSchema),
  limit: maybe(Type.Integer({ minimum: 1 })),
  filter: maybe(filterSchema),
  with_payload: maybe(withPayloadSchema),
  with_vector: maybe(withVectorSchema),
  with_vectors: maybe(withVectorSchema),
  order_by: maybe(Type.Unknown()),
  shard_key: maybe(shardKeySchema)
})

export const countPointsSchema = Type.Object({
  filter: maybe(filterSchema),
  exact: maybe(Type.Boolean()),
  shard_key: maybe(shardKeySchema)
})
