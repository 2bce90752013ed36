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

/**
 * Encodes the next whole frames of a capture on an engine thread; one call at a time.
 *
 * @param bytesMax  beyond which no further frame begins; frames take near 4 MiB, a single point may need more
 * @returns undefined at the end. After a failure the capture is of no more use.
 * @throws MILLRACE_ARGUMENT_INVALID, MILLRACE_OUT_OF_MEMORY, MILLRACE_ENGINE_BUSY
 */
export async function nextCheckpointBytes(
  capture: CheckpointCapture,
  bytesMax: number
): Promise<Uint8Array | undefined> {
  const bytes = await settled(() => native.nextCheckpointBytes(capture.handle, bytesMax))
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
