import Type from 'typebox'
import {
  denseVectorSchema,
  maybe,
  searchParamsSchema,
  shardKeySchema,
  withPayloadSchema,
  withVectorSchema
} from './parts.ts'

const readOptions = {
  filter: maybe(Type.Unknown()),
  params: maybe(searchParamsSchema),
  score_threshold: maybe(Type.Number()),
  offset: maybe(Type.Integer({ minimum: 0 })),
  with_payload: maybe(withPayloadSchema),
  with_vector: maybe(withVectorSchema),
  with_vectors: maybe(withVectorSchema),
  shard_key: maybe(shardKeySchema)
}

export const queryPointsSchema = Type.Object({
  query: maybe(Type.Union([denseVectorSchema, Type.Object({ nearest: denseVectorSchema })])),
  using: maybe(Type.String()),
  limit: maybe(Type.Integer({ minimum: 1 })),
  prefetch: maybe(Type.Unknown()),
  lookup_from: maybe(Type.Unknown()),
  ...readOptions
})

export const searchPointsSchema = Type.Object({
  vector: Type.Union([
    denseVectorSchema,
    Type.Object({ name: Type.String(), vector: denseVectorSchema })
  ]),
  limit: maybe(Type.Integer({ minimum: 1 })),
  top: maybe(Type.Integer({ minimum: 1 })),
  ...readOptions
})
