import Type from 'typebox'
import { datatypeSchema, modifierSchema } from './collection-parts.ts'
import { vectorParamsSchema } from './collections.ts'
import { maybe } from './parts.ts'

const { size, distance, datatype, multivector_config } = vectorParamsSchema.properties

/** A new named vector: only what can never change about it. */
export const createVectorNameSchema = Type.Union([
  Type.Object({ dense: Type.Object({ size, distance, datatype, multivector_config }) }),
  Type.Object({
    sparse: Type.Object({ modifier: maybe(modifierSchema), datatype: maybe(datatypeSchema) })
  })
])
export type CreateVectorNameBody = Type.Static<typeof createVectorNameSchema>
