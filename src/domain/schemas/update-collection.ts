import Type from 'typebox'
import {
  count32,
  hnswSchema,
  memorySchema,
  metadataSchema,
  nonZero32,
  optimizersSchema,
  payloadStorageSchema,
  quantizationSchema,
  sparseParamsSchema,
  strictModeSchema
} from './collection-parts.ts'
import { maybe } from './parts.ts'

/** Another quantization, or the word that removes it. */
const quantizationPatchSchema = Type.Union([quantizationSchema, Type.Literal('Disabled')])

const vectorPatchSchema = Type.Object({
  hnsw_config: maybe(hnswSchema),
  quantization_config: maybe(quantizationPatchSchema),
  on_disk: maybe(Type.Boolean()),
  memory: maybe(memorySchema)
})
export type VectorPatch = Type.Static<typeof vectorPatchSchema>

export const updateCollectionSchema = Type.Object({
  vectors: maybe(Type.Record(Type.String(), vectorPatchSchema)),
  sparse_vectors: maybe(Type.Record(Type.String(), sparseParamsSchema)),
  params: maybe(
    Type.Object({
      replication_factor: maybe(nonZero32),
      write_consistency_factor: maybe(nonZero32),
      read_fan_out_factor: maybe(count32(0)),
      read_fan_out_delay_ms: maybe(Type.Integer({ minimum: 0 })),
      on_disk_payload: maybe(Type.Boolean()),
      payload: maybe(payloadStorageSchema)
    })
  ),
  hnsw_config: maybe(hnswSchema),
  optimizers_config: maybe(optimizersSchema),
  optimizer_config: maybe(optimizersSchema),
  quantization_config: maybe(quantizationPatchSchema),
  strict_mode_config: maybe(strictModeSchema),
  metadata: maybe(metadataSchema)
})
export type UpdateCollectionBody = Type.Static<typeof updateCollectionSchema>
