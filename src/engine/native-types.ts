/** What goes into the addon and comes out of it: shapes that native/binding makes and reads. */

/** Opaque: an open shard. Valid in the thread that asked for it; other threads ask by its key. */
export interface ShardHandle {
  readonly brand: 'ShardHandle'
}

/** Opaque: a capture of a shard's state. */
export interface CaptureHandle {
  readonly brand: 'CaptureHandle'
}

/** Opaque: what the parser must know of a collection. */
export interface EncodeTarget {
  readonly brand: 'EncodeTarget'
}

export interface NativeShardState {
  readonly nextOffset: bigint
  /** 32 hex digits; equal on replicas at one offset. */
  readonly digest: string
  /** 32 hex digits; without versions. */
  readonly contentDigest: string
  readonly points: number
  /** Live and dead. */
  readonly rows: number
  /** What readers see: less than `nextOffset` while points are deferred. */
  readonly visibleOffset: bigint
  readonly visiblePoints: number
  readonly schemaVersion: number
  readonly recordsApplied: number
  readonly recordsRejected: number
  readonly recordsDuplicate: number
  readonly memoryBytes: number
  /** Of vectors that are not in memory. */
  readonly diskBytes: number
  /** That searches find through a graph; replicas may differ. */
  readonly indexedVectors: number
  /** Insertions into graphs since the shard was opened. */
  readonly graphChanges: number
  /** Of live and dead rows, that are to get into a graph, or codes, and are not there yet. */
  readonly waitingVectors: number
}

/** Bytes of a shard, by what they hold. */
export interface NativeShardMemory {
  readonly rows: number
  readonly ids: number
  readonly payloads: number
  /** But for those of `cold`. */
  readonly vectors: number
  /** Vectors that lie in files; not in `total`. */
  readonly cold: number
  readonly codes: number
  readonly graphs: number
  readonly sparse: number
  readonly quantized: number
  /** More, once what waits for a graph is in it; not in `total`. */
  readonly coming: number
  readonly total: number
}

export interface NativeFailure extends Error {
  readonly errc: number
  /** Inner text of a JSON object. */
  readonly details: string
}

export interface NativeApplyResult {
  readonly offsets: BigUint64Array
  readonly producers: BigUint64Array
  readonly sequences: BigUint64Array
  readonly codes: Uint16Array
  readonly affected: Uint32Array
  /** Of rejected records, by their index. */
  readonly details: Readonly<Record<number, string>>
  readonly stop: NativeFailure | null
  readonly state: NativeShardState
}

export interface NativeCapture {
  readonly since: bigint
  readonly rows: number
  readonly state: NativeShardState
  readonly handle: CaptureHandle
}

export interface NativeGraphCapture {
  readonly nextOffset: bigint
  readonly nodes: number
  readonly handle: CaptureHandle
}

export interface NativeSearchResult {
  readonly entries: Buffer
  readonly largerIsBetter: boolean
  readonly nextOffset: bigint
}

export interface NativeShape {
  readonly payload: boolean
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly vectors: boolean | readonly string[]
  readonly startNs: bigint
}

export interface NativeEncodeTarget {
  readonly collectionId: bigint
  readonly schemaVersion: number
  readonly vectors: readonly VectorSlot[]
  readonly sparse?: readonly SparseSlot[]
  readonly shardOfBucket: Uint16Array
  readonly shards: number
  readonly recordBytesTarget?: number
  readonly recordBytesMax?: number
  readonly jsonDepthMax?: number
}

export interface VectorSlot {
  readonly slot: number
  /** Empty: the unnamed vector. */
  readonly name: string
  readonly size: number
  readonly distance: 'Cosine' | 'Dot' | 'Euclid' | 'Manhattan'
  /** Missing: float32. */
  readonly datatype?: 'float16' | 'uint8'
  /** A multivector. */
  readonly multi?: true
}

export interface SparseSlot {
  readonly slot: number
  readonly name: string
}

export interface EncodedRecord {
  readonly shard: number
  readonly points: number
  /** Complete but for producer, sequence, epoch and header CRC. */
  readonly frame: Uint8Array
}

export interface ParsedUpsert {
  /** `irregular`: the request schema reads the body again and words the error. */
  readonly verdict: 'accepted' | 'irregular' | 'tooLarge'
  readonly points: number
  /** `tooLarge`: bytes of the record that one point would need. */
  readonly recordBytes: number
  readonly records: readonly EncodedRecord[]
}

export interface ParsedMessages {
  readonly points: number
  /** Indexes of the messages that are no point, or one that no record can hold; rising. */
  readonly refused: Uint32Array
  /** In the order of the messages within each shard. */
  readonly records: readonly EncodedRecord[]
}

/** How far a shard has applied one partition of a user's topic. */
export interface SourcePosition {
  readonly ingest: bigint
  readonly topic: string
  readonly partition: number
  /** The position to go on from. */
  readonly next: bigint
}

/** What there is of the codes that the user asked for, of one vector slot. */
export interface QuantizedSlot {
  readonly slot: number
  readonly vectors: number
  readonly bytesOfEach: number
}

/** How searches found their hits. */
export type SearchKind =
  | 'exact'
  | 'sparse'
  | 'scan'
  | 'codeScan'
  | 'graph'
  | 'filteredGraph'
  | 'graphGaveUp'

/** How many there were, and the microseconds that they took together. */
export interface SearchesTaken {
  readonly count: number
  readonly micros: number
}

/** The searches of one vector slot since the shard was opened. */
export interface SlotSearches {
  readonly slot: number
  readonly unfiltered: Readonly<Partial<Record<SearchKind, SearchesTaken>>>
  readonly filtered: Readonly<Partial<Record<SearchKind, SearchesTaken>>>
}

export interface NativeEncodeOperation {
  readonly kind: 'upsert' | 'updateVectors'
  /** META of every record, without bytes for none; `update_mode` and `update_filter` of the body are in it. */
  readonly meta: Uint8Array
}

export interface NativeJsonChildren {
  /** Null for a list. A key may come twice. */
  readonly keys: readonly string[] | null
  /** First byte and end of each value. */
  readonly spans: Uint32Array
}

export interface JsonFault {
  readonly isTooDeep: boolean
  /** Byte at which the text is wrong. */
  readonly position: number
  readonly reason: string
}

export interface CpuInfo {
  readonly instructionSet: string
  readonly hasCrc32: boolean
  readonly engineThreads: number
}
