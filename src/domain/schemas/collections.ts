import Type from 'typebox'
import {
  count32,
  datatypeSchema,
  hnswSchema,
  memorySchema,
  metadataSchema,
  optimizersSchema,
  payloadStorageSchema,
  quantizationSchema,
  sparseParamsSchema,
  strictModeSchema,
  walSchema
} from './collection-parts.ts'
import { maybe } from './parts.ts'

const distanceSchema = Type.Union([
  Type.Literal('Cosine'),
  Type.Literal('Dot'),
  Type.Literal('Euclid'),
  Type.Literal('Manhattan')
])

export const vectorParamsSchema = Type.Object({
  // `nonZero`: a zero is refused while the body is read, not when it is validated.
  size: Type.Integer({ minimum: 1, maximum: 65_536, nonZero: true }),
  distance: distanceSchema,
  hnsw_config: maybe(hnswSchema),
  quantization_config: maybe(quantizationSchema),
  quantization: maybe(quantizationSchema),
  on_disk: maybe(Type.Boolean()),
  memory: maybe(memorySchema),
  datatype: maybe(datatypeSchema),
  multivector_config: maybe(Type.Object({ comparator: Type.Literal('max_sim') }))
})
export type VectorParams = Type.Static<typeof vectorParamsSchema>

export const createCollectionSchema = Type.Object({
  vectors: maybe(Type.Union([vectorParamsSchema, Type.Record(Type.String(), vectorParamsSchema)])),
  sparse_vectors: maybe(Type.Record(Type.String(), sparseParamsSchema)),
  shard_number: maybe(count32(1)),
  sharding_method: maybe(Type.Union([Type.Literal('auto'), Type.Literal('custom')])),
  replication_factor: maybe(count32(1)),
  write_consistency_factor: maybe(count32(1)),
  on_disk_payload: maybe(Type.Boolean()),
  payload: maybe(payloadStorageSchema),
  hnsw_config: maybe(hnswSchema),
  wal_config: maybe(walSchema),
  optimizers_config: maybe(optimizersSchema),
  optimizer_config: maybe(optimizersSchema),
  quantization_config: maybe(quantizationSchema),
  quantization: maybe(quantizationSchema),
  strict_mode_config: maybe(strictModeSchema),
  metadata: maybe(metadataSchema)
})
export type CreateCollectionBody = Type.Static<typeof createCollectionSchema>
