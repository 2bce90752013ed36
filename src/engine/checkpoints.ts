/** One file of a checkpoint out of a shard, and a checkpoint's files into one. @see docs/reference/checkpoint-format.md */
import {
  type CaptureHandle,
  callNative,
  fromNative,
  type NativeShardState,
  native,
  type ShardHandle
} from './native.ts'

/** What a shard held between two records: the content of one file. */
export interface CheckpointCapture {
  /** The file holds what changed from this offset on; 0: everything. */
  readonly since: bigint
  /** The next record to apply after the file. */
  readonly nextOffset: bigint
  /** 32 hex digits */
  readonly digest: string
  /** Points that this file holds. */
  readonly rows: number
  /** Points that the shard holds. */
  readonly liveRows: number
  readonly state: NativeShardState
  readonly handle: CaptureHandle
}

/**
 * Takes hold of what changed since an offset, while nothing is applied. Later records do not touch it.
 *
 * @param since  0; or where the file ends that this one goes on from: any offset that this shard itself has passed, or the
 *               end of a file that it was loaded from
 * @throws MILLRACE_ARGUMENT_INVALID for another `since` or during an apply, MILLRACE_OUT_OF_MEMORY
 */
export function captureCheckpoint(shard: ShardHandle, since: bigint): CheckpointCapture {
  const { rows, state, handle } = callNative(() => native.captureCheckpoint(shard, since))
  const { nextOffset, digest, points } = state
  return { since, nextOffset, digest, rows, liveRows: points, state, handle }
}

/** The graphs of a shard's vectors at a moment: the content of one graph file. */
export interface GraphCapture {
  readonly nextOffset: bigint
  /** Vectors that the file leads to, dead ones among them. */
  readonly nodes: number
  readonly handle: CaptureHandle
}

/**
 * Takes hold of a shard's graphs, while records are applied and searches run.
 *
 * @returns undefined when there is none, or it is being changed as a whole
 * @throws MILLRACE_OUT_OF_MEMORY, MILLRACE_ENGINE_BUSY
 */
export async function captureGraphs(shard: ShardHandle): Promise<GraphCapture | undefined> {
  const capture = await settled(() => native.captureGraphs(shard))
  return capture ?? undefined
}

/**
 * Takes a graph file in pieces, after the last frame of the checkpoint and before `finishCheckpointLoad`. After a failure
 * nothing of it is used.
 *
 * @param bytes  must not change until this has settled
 * @throws MILLRACE_GRAPH_CORRUPT with the byte of the file and the reason, MILLRACE_OUT_OF_MEMORY, MILLRACE_ENGINE_BUSY
 */
export async function loadGraphBytes(shard: ShardHandle, bytes: Uint8Array): Promise<void> {
  await settled(() => native.loadGraphBytes(shard, bytes))
}

/** Ends the file. @returns vectors that it leads to. @throws as loadGraphBytes */
export async function finishGraphLoad(shard: ShardHandle): Promise<number> {
  return await settled(() => native.finishGraphLoad(shard))
}

/**
 * Encodes the next whole frames or sections of a capture on an engine thread; one call at a time.
 *
 * @param bytesMax  beyond which no further frame begins; frames take near 4 MiB, a single point may need more
 * @param spent     bytes of an earlier call: their memory is freed now, and not at some garbage collection
 * @returns undefined at the end. After a failure the capture is of no more use.
 * @throws MILLRACE_ARGUMENT_INVALID, MILLRACE_OUT_OF_MEMORY, MILLRACE_ENGINE_BUSY
 */
export async function nextCheckpointBytes(
  capture: Pick<CheckpointCapture, 'handle'>,
  bytesMax: number,
  spent?: Uint8Array
): Promise<Uint8Array | undefined> {
  const bytes = await settled(() => native.nextCheckpointBytes(capture.handle, bytesMax, spent))
  return bytes ?? undefined
}

/**
 * Takes over whole frames of a checkpoint's files, in order, into a shard that nothing was applied to. Readers see nothing
 * of it before `finishCheckpointLoad`. After a failure the shard is empty, and another checkpoint may be loaded.
 *
 * @param bytes  must not change until this has settled
 * @throws MILLRACE_CHECKPOINT_CORRUPT with the byte of the file and the reason, MILLRACE_ARGUMENT_INVALID,
 *         MILLRACE_OUT_OF_MEMORY, MILLRACE_ENGINE_BUSY
 */
export async function loadCheckpointBytes(shard: ShardHandle, bytes: Uint8Array): Promise<void> {
  await settled(() => native.loadCheckpointBytes(shard, bytes))
}

/**
 * Compares the digest of what was loaded with the checkpoint's own, and makes it the shard's state.
 * @throws as loadCheckpointBytes
 */
export async function finishCheckpointLoad(shard: ShardHandle): Promise<void> {
  await settled(() => native.finishCheckpointLoad(shard))
}

async function settled<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw fromNative(error)
  }
}
