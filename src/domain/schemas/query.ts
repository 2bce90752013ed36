import Type from 'typebox'
import { filterSchema } from './filter.ts'
import {
  denseVectorSchema,
  maybe,
  multiVectorSchema,
  pointIdSchema,
  searchParamsSchema,
  shardKeySchema,
  sparseVectorSchema,
  withPayloadSchema,
  withVectorSchema
} from './parts.ts'

const readOptions = {
  filter: maybe(filterSchema),
  params: maybe(searchParamsSchema),
  score_threshold: maybe(Type.Number()),
  offset: maybe(Type.Integer({ minimum: 0 })),
  with_payload: maybe(withPayloadSchema),
  with_vector: maybe(withVectorSchema),
  with_vectors: maybe(withVectorSchema),
  shard_key: maybe(shardKeySchema)
}

/** A vector, or the id of a point whose vector is meant. */
const nearestSchema = Type.Union([
  denseVectorSchema,
  multiVectorSchema,
  pointIdSchema,
  sparseVectorSchema
])

export const queryPointsSchema = Type.Object({
  query: maybe(Type.Union([nearestSchema, Type.Object({ nearest: nearestSchema })])),
  using: maybe(Type.String()),
  limit: maybe(Type.Integer({ minimum: 1 })),
  prefetch: maybe(Type.Unknown()),
  lookup_from: maybe(Type.Unknown()),
  ...readOptions
})

export const searchPointsSchema = Type.Object({
  vector: Type.Union([
    denseVectorSchema,
    Type.Object({
      name: Type.String(),
      vector: Type.Union([denseVectorSchema, sparseVectorSchema])
    })
  ]),
  limit: maybe(Type.Integer({ minimum: 1 })),
  top: maybe(Type.Integer({ minimum: 1 })),
  ...readOptions
})

/** Each search is checked on its own, so that an error names it. */
export const queryBatchSchema = Type.Object({ searches: Type.Array(Type.Unknown()) })
