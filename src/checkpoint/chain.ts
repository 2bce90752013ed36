/** Which files the next checkpoint keeps of the one before, and what its new file covers. */
import type { ChainFile, CheckpointManifest } from './manifest.ts'

export interface ChainPlan {
  /** The new file covers what changed since this offset; 0 is everything. */
  readonly since: bigint
  /** Files of the newest checkpoint that stay in front of the new one. */
  readonly files: readonly ChainFile[]
}

export const wholePlan: ChainPlan = { since: 0n, files: [] }

/** A trailing file is merged into the new one unless it is more than so many times larger. */
const mergeFactor = 2
/** Reading a file costs a few calls whatever its size: smaller ones count as this large. */
const fileBytesMin = 64 << 10

/**
 * One new file for each checkpoint. Trailing files that are not much larger are written again as part of it, so that
 * the chain's sizes fall geometrically: its length is logarithmic, and each byte is rewritten a logarithmic
 * number of times. When more than half of what is stored is dead or replaced, everything is written anew.
 *
 * @param appliedBytes  bytes of the records applied since the newest checkpoint: about what the new file will hold
 * @param liveRows      live points of the shard now
 */
export function planChain(
  newest: CheckpointManifest | undefined,
  { appliedBytes, liveRows }: { readonly appliedBytes: number; readonly liveRows: number }
): ChainPlan {
  if (newest === undefined) return wholePlan
  const storedRows = newest.files.reduce((sum, { rows }) => sum + rows, 0)
  if (storedRows > 2 * liveRows) return wholePlan
  const files = [...newest.files]
  let since = newest.nextOffset
  let bytes = Math.max(appliedBytes, fileBytesMin)
  for (let last = files.at(-1); last !== undefined; last = files.at(-1)) {
    if (last.bytes > mergeFactor * bytes) break
    files.pop()
    bytes += last.bytes
    since = last.since
  }
  return { since, files }
}
