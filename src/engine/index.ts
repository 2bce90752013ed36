export * from './checkpoints.ts'
export {
  compareHitIds,
  hitCount,
  hitEntryBytes,
  hitId,
  hitScore,
  hitVersion,
  type SearchHits
} from './hits.ts'
export type {
  Caller,
  CpuInfo,
  EncodedRecord,
  EncodeTarget,
  JsonFault,
  NativeEncodeOperation,
  NativeEncodeTarget,
  NativeShardMemory,
  NativeShardState,
  ParsedMessages,
  ParsedUpsert,
  QuantizedSlot,
  SearchesTaken,
  SearchKind,
  ShardHandle,
  SlotSearches,
  SourcePosition,
  VectorSlot
} from './native.ts'
export * from './points.ts'
export * from './query.ts'
export * from './search.ts'
export * from './shards.ts'
export * from './sockets.ts'
export * from './values.ts'
