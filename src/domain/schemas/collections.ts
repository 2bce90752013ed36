import Type from 'typebox'
import { maybe } from './parts.ts'

const count32 = (minimum: number) => Type.Integer({ minimum, maximum: 0xffff_ffff })

const distanceSchema = Type.Union([
  Type.Literal('Cosine'),
  Type.Literal('Dot'),
  Type.Literal('Euclid'),
  Type.Literal('Manhattan')
])

const hnswSchema = Type.Object({
  m: maybe(count32(0)),
  ef_construct: maybe(count32(4)),
  full_scan_threshold: maybe(count32(10)),
  max_indexing_threads: maybe(count32(0)),
  on_disk: maybe(Type.Boolean()),
  memory: maybe(Type.String()),
  payload_m: maybe(count32(0)),
  inline_storage: maybe(Type.Boolean())
})

const optimizersSchema = Type.Object({
  deleted_threshold: maybe(Type.Number({ minimum: 0, maximum: 1 })),
  vacuum_min_vector_number: maybe(count32(100)),
  default_segment_number: maybe(count32(0)),
  max_segment_size: maybe(count32(1)),
  memmap_threshold: maybe(count32(0)),
  indexing_threshold: maybe(count32(0)),
  flush_interval_sec: maybe(count32(0)),
  max_optimization_threads: maybe(Type.Union([count32(0), Type.Literal('auto')])),
  prevent_unoptimized: maybe(Type.Boolean())
})

const walSchema = Type.Object({
  wal_capacity_mb: maybe(count32(1)),
  wal_segments_ahead: maybe(count32(0)),
  wal_retain_closed: maybe(count32(0))
})

const quantizationSchema = Type.Record(Type.String(), Type.Unknown())

export const vectorParamsSchema = Type.Object({
  // `nonZero`: a zero is refused while the body is read, not when it is validated.
  size: Type.Integer({ minimum: 1, maximum: 65_536, nonZero: true }),
  distance: distanceSchema,
  hnsw_config: maybe(hnswSchema),
  quantization_config: maybe(quantizationSchema),
  quantization: maybe(quantizationSchema),
  on_disk: maybe(Type.Boolean()),
  memory: maybe(Type.String()),
  datatype: maybe(Type.String()),
  multivector_config: maybe(Type.Record(Type.String(), Type.Unknown()))
})
export type VectorParams = Type.Static<typeof vectorParamsSchema>

export const createCollectionSchema = Type.Object({
  vectors: maybe(Type.Union([vectorParamsSchema, Type.Record(Type.String(), vectorParamsSchema)])),
  sparse_vectors: maybe(Type.Record(Type.String(), Type.Unknown())),
  shard_number: maybe(count32(1)),
  sharding_method: maybe(Type.Union([Type.Literal('auto'), Type.Literal('custom')])),
  replication_factor: maybe(count32(1)),
  write_consistency_factor: maybe(count32(1)),
  on_disk_payload: maybe(Type.Boolean()),
  payload: maybe(Type.Object({ memory: maybe(Type.String()) })),
  hnsw_config: maybe(hnswSchema),
  wal_config: maybe(walSchema),
  optimizers_config: maybe(optimizersSchema),
  optimizer_config: maybe(optimizersSchema),
  quantization_config: maybe(quantizationSchema),
  quantization: maybe(quantizationSchema),
  strict_mode_config: maybe(Type.Record(Type.String(), Type.Unknown())),
  metadata: maybe(Type.Record(Type.String(), Type.Unknown()))
})
export type CreateCollectionBody = Type.Static<typeof createCollectionSchema>
