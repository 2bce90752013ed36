import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { codeOfNative, EngineError, type ErrorDetails } from '../errors/index.ts'

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

/** The addon's functions, as native/binding names them above each. */
export interface NativeEngine {
  openShard(
    key: string,
    collectionId: bigint,
    shard: number,
    indexes?: Float64Array,
    scratchFolder?: string
  ): ShardHandle
  findShard(key: string): ShardHandle | null
  replaceShard(key: string, shard: ShardHandle): boolean
  retireShard(replaced: ShardHandle, successor: ShardHandle): void
  closeShard(key: string): boolean
  /** Rises whenever a shard is opened or closed. */
  registryVersion(): number
  /** Without a filter it is never a promise. */
  count(shards: readonly ShardHandle[], filter: Uint8Array | null): number | Promise<number>
  state(shard: ShardHandle): NativeShardState
  memory(shard: ShardHandle): NativeShardMemory
  releaseMemory(): void
  limitBuilders(shard: ShardHandle, threads: number): void
  scratchBytes(): number
  sources(shard: ShardHandle): SourcePosition[]
  quantized(shard: ShardHandle): QuantizedSlot[]
  searches(shard: ShardHandle): SlotSearches[]
  apply(
    shard: ShardHandle,
    bytes: Uint8Array,
    positions: Uint32Array,
    lengths: Uint32Array,
    offsets: BigUint64Array,
    appendTimesMs: Float64Array,
    count: number
  ): Promise<NativeApplyResult>
  captureCheckpoint(shard: ShardHandle, since: bigint): NativeCapture
  nextCheckpointBytes(
    capture: CaptureHandle,
    bytesMax: number,
    spent?: Uint8Array
  ): Promise<Buffer | null>
  loadCheckpointBytes(shard: ShardHandle, bytes: Uint8Array): Promise<void>
  finishCheckpointLoad(shard: ShardHandle): Promise<void>
  captureGraphs(shard: ShardHandle): Promise<NativeGraphCapture | null>
  loadGraphBytes(shard: ShardHandle, bytes: Uint8Array): Promise<number>
  finishGraphLoad(shard: ShardHandle): Promise<number>
  search(
    shard: ShardHandle,
    slot: number,
    query: Float32Array,
    k: number,
    exact: boolean,
    ef: number,
    scoreThreshold: number | null,
    deadlineNs: bigint,
    filter: Uint8Array | null,
    /** Of a sparse query, rising. */
    indices: Uint32Array | null,
    idf: boolean,
    ignoreQuantization: boolean,
    /** Null: as the quantization's settings say. */
    rescore: boolean | null,
    oversampling: number
  ): NativeSearchResult | Promise<NativeSearchResult>
  /** Null: the schema path has to read the body. */
  answerNearest(
    shards: readonly ShardHandle[],
    body: Uint8Array,
    inObject: boolean,
    startNs: bigint,
    deadlineNs: bigint,
    pointsMax: number,
    jsonDepthMax: number
  ): Buffer | Promise<Buffer> | null
  renderHits(
    shards: readonly ShardHandle[],
    hits: readonly Uint8Array[],
    order: Uint32Array,
    shape: NativeShape,
    inObject: boolean
  ): Buffer | null | Promise<Buffer | null>
  renderPoints(
    shards: readonly ShardHandle[],
    ids: Uint8Array,
    shardOf: Uint32Array,
    shape: NativeShape,
    isSingle: boolean
  ): Buffer | null | Promise<Buffer>
  renderScroll(
    shards: readonly ShardHandle[],
    from: Uint8Array | null,
    limit: number,
    shape: NativeShape,
    filter: Uint8Array | null,
    hitsFrom: number | null
  ): Buffer | Promise<Buffer>
  makeEncodeTarget(target: NativeEncodeTarget): EncodeTarget
  parseUpsert(
    body: Uint8Array,
    target: EncodeTarget,
    operation?: NativeEncodeOperation
  ): ParsedUpsert
  parsePointMessages(messages: readonly Uint8Array[], target: EncodeTarget): ParsedMessages
  jsonCheck(body: Uint8Array, depthMax: number): JsonFault | null
  jsonChildren(text: Uint8Array, depthMax: number): NativeJsonChildren | null
  payloadText(text: Uint8Array, depthMax: number): string | null
  crc32c(bytes: Uint8Array, seed: number): number
  xxh64(bytes: Uint8Array, seed: bigint): bigint
  parsePointIds(texts: readonly string[]): { entries: Buffer; invalid: number }
  isJsonPath(text: string): boolean
  cpu(): CpuInfo
  lockFile(path: string, holder: string): { fd: number } | { holder: string }
  unlockFile(fd: number): void
  readonly spreadsConnections: boolean
  listenSocket(address: string, port: number, isFirst: boolean): number
  duplicateSocket(fd: number): number
  closeSocket(fd: number): void
  portOfSocket(fd: number): number
}

// The addon's functions have the types above: test/unit/engine holds them to it.
export const native = createRequire(import.meta.url)(
  join(packageRoot(), 'build/native/release/millrace.node')
) as NativeEngine

/** Work on an engine thread that its caller may end early; it then rejects with MILLRACE_CANCELLED. */
export interface NativeWork<T> extends Promise<T> {
  readonly cancel?: () => void
}

/** Who waits for an answer. The signal is asked for only when work goes on beyond the call. */
export interface Caller {
  /** Ends the work early. */
  readonly signal?: AbortSignal | undefined
}

/** Calls the addon and turns its failures into `EngineError`s. */
export function callNative<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw fromNative(error)
  }
}

/** The same for work that the addon may move to an engine thread. */
export function callNativeOrLater<T>(
  work: () => T | NativeWork<T>,
  caller: Caller = {}
): T | Promise<T> {
  const result = callNative(work)
  if (!(result instanceof Promise)) return result
  const { cancel } = result
  const signal = cancel && caller.signal
  if (cancel !== undefined && signal !== undefined) {
    if (signal.aborted) cancel()
    else signal.addEventListener('abort', cancel, { once: true })
  }
  return result.catch((error: unknown) => {
    throw fromNative(error)
  })
}

/** An `EngineError` for a failure born in the addon; anything else as it is. */
export function fromNative(error: unknown): unknown {
  if (!(error instanceof Error) || !('errc' in error)) return error
  // Errors with `errc` come from error_object in native/binding/convert.cpp only.
  const failure = error as NativeFailure
  return new EngineError(codeOfNative(failure.errc), detailsOf(failure.details))
}

/** Details of a native failure, given as the inner text of a JSON object. */
export function detailsOf(text: string): ErrorDetails {
  return JSON.parse(`{${text}}`) as ErrorDetails
}

/** The folder with package.json, whether this file runs from src/ or dist/. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder)
    if (parent === folder) throw new EngineError('MILLRACE_INTERNAL', { reason: 'no package.json' })
    folder = parent
  }
  return folder
}
