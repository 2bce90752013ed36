/** Settings of a collection that creating and updating share. */
import Type from 'typebox'
import { maybe } from './parts.ts'

export const count32 = (minimum: number) => Type.Integer({ minimum, maximum: 0xffff_ffff })
/** A zero is refused while the body is read, not when it is validated. */
export const nonZero32 = Type.Integer({ minimum: 1, maximum: 0xffff_ffff, nonZero: true })

export const memorySchema = Type.Union([
  Type.Literal('cold'),
  Type.Literal('cached'),
  Type.Literal('pinned')
])

export const datatypeSchema = Type.Union([
  Type.Literal('float32'),
  Type.Literal('float16'),
  Type.Literal('uint8'),
  Type.Literal('turbo4')
])

export const modifierSchema = Type.Union([Type.Literal('none'), Type.Literal('idf')])

export const sparseParamsSchema = Type.Object({
  index: maybe(
    Type.Object({
      full_scan_threshold: maybe(Type.Integer({ minimum: 0 })),
      on_disk: maybe(Type.Boolean()),
      memory: maybe(memorySchema),
      datatype: maybe(datatypeSchema)
    })
  ),
  modifier: maybe(modifierSchema)
})
export type SparseParams = Type.Static<typeof sparseParamsSchema>

export const hnswSchema = Type.Object({
  m: maybe(count32(0)),
  ef_construct: maybe(count32(4)),
  full_scan_threshold: maybe(count32(10)),
  full_scan_threshold_kb: maybe(count32(10)),
  max_indexing_threads: maybe(count32(0)),
  on_disk: maybe(Type.Boolean()),
  memory: maybe(memorySchema),
  payload_m: maybe(count32(0)),
  inline_storage: maybe(Type.Boolean())
})

export const optimizersSchema = Type.Object({
  deleted_threshold: maybe(Type.Number({ minimum: 0, maximum: 1 })),
  vacuum_min_vector_number: maybe(count32(100)),
  default_segment_number: maybe(count32(0)),
  max_segment_size: maybe(count32(1)),
  max_segment_size_kb: maybe(count32(1)),
  memmap_threshold: maybe(count32(0)),
  memmap_threshold_kb: maybe(count32(0)),
  indexing_threshold: maybe(count32(0)),
  indexing_threshold_kb: maybe(count32(0)),
  flush_interval_sec: maybe(count32(0)),
  max_optimization_threads: maybe(Type.Union([count32(0), Type.Literal('auto')])),
  prevent_unoptimized: maybe(Type.Boolean())
})

export const walSchema = Type.Object({
  wal_capacity_mb: maybe(count32(1)),
  wal_segments_ahead: maybe(count32(0)),
  wal_retain_closed: maybe(count32(0))
})

export const payloadStorageSchema = Type.Object({ memory: maybe(memorySchema) })

const placement = { always_ram: maybe(Type.Boolean()), memory: maybe(memorySchema) }

export const quantizationSchema = Type.Union([
  Type.Object({
    scalar: Type.Object({
      type: Type.Literal('int8'),
      quantile: maybe(Type.Number({ minimum: 0.5, maximum: 1 })),
      ...placement
    })
  }),
  Type.Object({
    product: Type.Object({
      compression: Type.Union([
        Type.Literal('x4'),
        Type.Literal('x8'),
        Type.Literal('x16'),
        Type.Literal('x32'),
        Type.Literal('x64')
      ]),
      ...placement
    })
  }),
  Type.Object({
    binary: Type.Object({
      encoding: maybe(
        Type.Union([
          Type.Literal('one_bit'),
          Type.Literal('two_bits'),
          Type.Literal('one_and_half_bits')
        ])
      ),
      query_encoding: maybe(
        Type.Union([
          Type.Literal('default'),
          Type.Literal('binary'),
          Type.Literal('scalar4bits'),
          Type.Literal('scalar8bits')
        ])
      ),
      ...placement
    })
  }),
  Type.Object({
    turbo: Type.Object({
      bits: maybe(
        Type.Union([
          Type.Literal('bits1'),
          Type.Literal('bits1_5'),
          Type.Literal('bits2'),
          Type.Literal('bits4')
        ])
      ),
      ...placement
    })
  })
])

export type QuantizationConfig = Type.Static<typeof quantizationSchema>

export const strictModeSchema = Type.Object({
  enabled: maybe(Type.Boolean()),
  max_query_limit: maybe(count32(1)),
  max_timeout: maybe(count32(1)),
  unindexed_filtering_retrieve: maybe(Type.Boolean()),
  unindexed_filtering_update: maybe(Type.Boolean()),
  search_max_hnsw_ef: maybe(count32(0)),
  search_allow_exact: maybe(Type.Boolean()),
  search_max_oversampling: maybe(Type.Number()),
  upsert_max_batchsize: maybe(count32(0)),
  search_max_batchsize: maybe(count32(0)),
  max_collection_vector_size_bytes: maybe(Type.Integer({ minimum: 0 })),
  max_collection_payload_size_bytes: maybe(Type.Integer({ minimum: 0 })),
  read_rate_limit: maybe(count32(1)),
  write_rate_limit: maybe(count32(1)),
  max_points_count: maybe(Type.Integer({ minimum: 1 })),
  filter_max_conditions: maybe(count32(0)),
  condition_max_size: maybe(count32(0)),
  multivector_config: maybe(
    Type.Record(Type.String(), Type.Object({ max_vectors: maybe(count32(1)) }))
  ),
  sparse_config: maybe(Type.Record(Type.String(), Type.Object({ max_length: maybe(count32(1)) }))),
  max_payload_index_count: maybe(count32(0)),
  max_resident_memory_percent: maybe(Type.Integer({ minimum: 1, maximum: 100 }))
})

export const metadataSchema = Type.Record(Type.String(), Type.Unknown())
