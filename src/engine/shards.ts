import type { GrowthSettings } from '../domain/optimizer-settings.ts'
import {
  codeOfNative,
  type EngineError,
  type ErrorCode,
  type ErrorDetails
} from '../errors/index.ts'
import {
  callNative,
  callNativeOrLater,
  detailsOf,
  fromNative,
  type NativeShardMemory,
  type NativeShardState,
  native,
  type QuantizedSlot,
  type ShardHandle,
  type SlotSearches,
  type SourcePosition
} from './native.ts'

/** Records of one partition, in offset order. The arrays may be longer than `count` and must not change until `apply` has settled. */
export interface RecordBatch {
  readonly bytes: Uint8Array
  /** First byte of each frame in `bytes`; a multiple of 8 saves a copy. */
  readonly positions: Uint32Array
  readonly lengths: Uint32Array
  readonly offsets: BigUint64Array
  readonly appendTimesMs: Float64Array
  readonly count: number
}

export interface RecordOutcome {
  readonly offset: bigint
  readonly producerId: bigint
  readonly sequence: bigint
  /** Points written, changed or deleted. */
  readonly affected: number
  /**
   * Why the record was rejected, the same on every replica. MILLRACE_POINT_NOT_FOUND names the first unknown id: the others
   * were changed. In a batch `operation` tells which one was rejected; those before it are applied.
   */
  readonly rejection?: { readonly code: ErrorCode; readonly details: ErrorDetails }
}

export interface ApplyResult {
  readonly outcomes: readonly RecordOutcome[]
  /** Why the shard had to stop before the next record; it and all after it are not applied. */
  readonly stop: EngineError | null
  readonly state: NativeShardState
}

/** How one vector slot is indexed. */
export interface SlotIndex {
  readonly slot: number
  /** Of a vector in the graph, on its upper layers; 0: no graph. */
  readonly links: number
  readonly efConstruct: number
  /** Bytes of vectors from which on there is a graph; 0: never. */
  readonly thresholdBytes: number
  /** Searches in fewer bytes of vectors are scans; 0: the engine's choice. */
  readonly fullScanBytes: number
  /** Where the vectors are kept as they were given: in memory, or in a file of the scratch folder. Missing: in memory. */
  readonly placement?: 'cached' | 'cold'
  readonly quantization?: SlotQuantization
  /** Of a sparse vector, what the inverted index keeps of weights. Missing: float32. */
  readonly weights?: keyof typeof weightTypes
}

/** Codes of a slot's vectors, from `thresholdBytes` on. What does not belong to the kind does not count. */
export interface SlotQuantization {
  readonly kind: keyof typeof quantizationKinds
  /** Scalar: 0.5 to 1. */
  readonly quantile: number
  /** Binary and turbo: twice the bits of a component, 2, 3, 4 or 8. */
  readonly halfBits: number
  /** Binary: bits of a component of a query, 1, 4 or 8. */
  readonly queryBits: number
  /** Product: components that share a byte, 1, 2, 4, 8 or 16. */
  readonly chunk: number
}

/** As `QuantizationKind` of native/core/include/millrace/index_settings.h counts them. */
const quantizationKinds = { scalar: 1, binary: 2, turbo: 3, product: 4 }
const noQuantization = [0, 1, 8, 8, 4]
/** As `VectorEncoding` of src/domain/record/layout.ts counts them. */
const weightTypes = { float32: 0, float16: 1, uint8: 2 }

/**
 * Opens a shard under a key of the process, or finds the one already open under it.
 *
 * @param scratchFolder  that exists, of files for cold vectors; without one they are kept in memory
 */
export function openShard(
  key: string,
  collectionId: bigint,
  shard: number,
  indexes: readonly SlotIndex[] = [],
  scratchFolder = ''
): ShardHandle {
  const numbers = indexes.flatMap(({ slot, quantization, weights = 'float32', ...index }) => [
    slot,
    index.links,
    index.efConstruct,
    index.thresholdBytes,
    index.fullScanBytes,
    index.placement === 'cold' ? 1 : 0,
    ...(quantization === undefined ? noQuantization : numbersOf(quantization)),
    weightTypes[weights]
  ])
  return callNative(() =>
    native.openShard(key, collectionId, shard, Float64Array.from(numbers), scratchFolder)
  )
}

function numbersOf({ kind, quantile, halfBits, queryBits, chunk }: SlotQuantization): number[] {
  return [quantizationKinds[kind], quantile, halfBits, queryBits, chunk]
}

/** Finds a shard that any thread of this process has opened. */
export function findShard(key: string): ShardHandle | null {
  return callNative(() => native.findShard(key))
}

/**
 * Puts another shard in the place of the one under a key: who looks it up from now on finds the new one, and who holds
 * the old one goes on with it.
 *
 * @returns false when nothing is open under the key
 */
export function replaceShard(key: string, shard: ShardHandle): boolean {
  return callNative(() => native.replaceShard(key, shard))
}

/**
 * Lets go of a shard that was replaced, whoever still has a handle of it: that leads to the successor from now on. What is
 * under way ends on the old one.
 */
export function retireShard(replaced: ShardHandle, successor: ShardHandle): void {
  callNative(() => native.retireShard(replaced, successor))
}

/** Rises whenever any shard is opened, replaced or closed: handles found before may be of closed ones. */
export function registryVersion(): number {
  return native.registryVersion()
}

/** Takes a shard out of the process's list; its memory goes with the last handle. */
export function closeShard(key: string): boolean {
  return callNative(() => native.closeShard(key))
}

/**
 * Applies records, on an engine thread when there are many; one call per shard at a time.
 * @throws MILLRACE_ARGUMENT_INVALID, MILLRACE_OUT_OF_MEMORY
 */
export async function applyRecords(shard: ShardHandle, batch: RecordBatch): Promise<ApplyResult> {
  const { bytes, positions, lengths, offsets, appendTimesMs, count } = batch
  try {
    const result = await native.apply(
      shard,
      bytes,
      positions,
      lengths,
      offsets,
      appendTimesMs,
      count
    )
    const outcomes = Array.from(result.offsets, (offset, i) => ({
      offset,
      producerId: result.producers[i] ?? 0n,
      sequence: result.sequences[i] ?? 0n,
      affected: result.affected[i] ?? 0,
      ...rejectionOf(result.codes[i] ?? 0, result.details[i])
    }))
    // A stop is made by error_object, which fromNative turns into an EngineError.
    const stop = result.stop && (fromNative(result.stop) as EngineError)
    return { outcomes, stop, state: result.state }
  } catch (error) {
    throw fromNative(error)
  }
}

/**
 * Live points over all shards; with a filter (as in a SearchPlan) those that match, counted on an engine thread when they are many.
 * @throws MILLRACE_ARGUMENT_INVALID, MILLRACE_OUT_OF_MEMORY, MILLRACE_ENGINE_BUSY
 */
export function countPoints(shards: readonly ShardHandle[]): number
export function countPoints(
  shards: readonly ShardHandle[],
  filter: Uint8Array | null
): number | Promise<number>
export function countPoints(
  shards: readonly ShardHandle[],
  filter: Uint8Array | null = null
): number | Promise<number> {
  return callNativeOrLater(() => native.count(shards, filter))
}

export function shardState(shard: ShardHandle): NativeShardState {
  return callNative(() => native.state(shard))
}

export function shardMemory(shard: ShardHandle): NativeShardMemory {
  return callNative(() => native.memory(shard))
}

/** At any time. @throws MILLRACE_OUT_OF_MEMORY */
export function setGrowth(
  shard: ShardHandle,
  { builders, isPaused, defers }: GrowthSettings
): void {
  callNative(() => native.setGrowth(shard, builders, isPaused, defers))
}

/** Bytes of the disk that cold vectors of all shards take. */
export function scratchBytes(): number {
  return native.scratchBytes()
}

/** Gives what was freed back to the system, where the C library would keep it for later. Takes some milliseconds at most. */
export function releaseMemory(): void {
  callNative(() => native.releaseMemory())
}

/** Codes that users asked for, of the slots that are to have some. */
export function shardQuantized(shard: ShardHandle): readonly QuantizedSlot[] {
  return callNative(() => native.quantized(shard))
}

/** How its searches found their hits, and what they took. */
export function shardSearches(shard: ShardHandle): readonly SlotSearches[] {
  return callNative(() => native.searches(shard))
}

/** How far the shard has applied the topics that ingests read, by ingest, topic and partition. */
export function shardSources(shard: ShardHandle): readonly SourcePosition[] {
  return callNative(() => native.sources(shard))
}

function rejectionOf(code: number, details: string | undefined): Pick<RecordOutcome, 'rejection'> {
  if (code === 0) return {}
  return { rejection: { code: codeOfNative(code), details: detailsOf(details ?? '') } }
}
