/** Pieces that several request schemas share. */
import Type, { type TSchema } from 'typebox'

/** An optional member; `null` means absent, as everywhere in this API. */
export function maybe<const Schema extends TSchema>(schema: Schema) {
  return Type.Optional(Type.Union([schema, Type.Null()]))
}

/** Ids come as numbers, as bigints beyond 2^53, or as UUID texts; what is none is told apart when it is read. */
export const pointIdSchema = Type.Union(
  [Type.Integer({ minimum: 0 }), Type.String(), Type.BigInt()],
  {
    description: 'an unsigned 64-bit integer or a UUID'
  }
)

export const shardKeySchema = Type.Unknown({ description: 'custom sharding only' })

export const withPayloadSchema = Type.Union([
  Type.Boolean(),
  Type.Array(Type.String()),
  Type.Object({ include: Type.Array(Type.String()) }, { additionalProperties: false }),
  Type.Object({ exclude: Type.Array(Type.String()) }, { additionalProperties: false })
])
export type WithPayload = Type.Static<typeof withPayloadSchema>

export const withVectorSchema = Type.Union([Type.Boolean(), Type.Array(Type.String())])
export type WithVector = Type.Static<typeof withVectorSchema>

export const denseVectorSchema = Type.Array(Type.Number(), { minItems: 1 })

/** Vectors of one length, which `multiVectorProblem` checks. */
export const multiVectorSchema = Type.Array(denseVectorSchema, { minItems: 1 })

const index32 = Type.Integer({ minimum: 0, maximum: 0xffff_ffff })

/** Equal lengths and different indices are checked by `sparseProblem`. */
export const sparseVectorSchema = Type.Object({
  indices: Type.Array(index32),
  values: Type.Array(Type.Number())
})

export const searchParamsSchema = Type.Object({
  hnsw_ef: maybe(Type.Integer({ minimum: 1 })),
  exact: maybe(Type.Boolean()),
  indexed_only: maybe(Type.Boolean()),
  quantization: maybe(
    Type.Object({
      ignore: maybe(Type.Boolean()),
      rescore: maybe(Type.Boolean()),
      oversampling: maybe(Type.Number({ minimum: 1 }))
    })
  ),
  idf: maybe(
    Type.Unknown({ description: '`global`; sparse vectors with the modifier `idf` only' })
  ),
  acorn: maybe(
    Type.Object({
      enable: maybe(Type.Boolean()),
      max_selectivity: maybe(Type.Number({ minimum: 0, maximum: 1 }))
    })
  )
})
export type SearchParams = Type.Static<typeof searchParamsSchema>
