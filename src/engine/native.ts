import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { codeOfNative, EngineError, type ErrorDetails } from '../errors/index.ts'
import type {
  CaptureHandle,
  CpuInfo,
  EncodeTarget,
  JsonFault,
  NativeApplyResult,
  NativeCapture,
  NativeEncodeOperation,
  NativeEncodeTarget,
  NativeFailure,
  NativeGraphCapture,
  NativeJsonChildren,
  NativeSearchResult,
  NativeShape,
  NativeShardMemory,
  NativeShardState,
  ParsedMessages,
  ParsedUpsert,
  QuantizedSlot,
  ShardHandle,
  SlotSearches,
  SourcePosition
} from './native-types.ts'

export type * from './native-types.ts'

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
  setGrowth(shard: ShardHandle, builders: number, isPaused: boolean, defers: boolean): void
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
