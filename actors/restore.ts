import type { CheckpointManifest, CheckpointStore } from '../src/checkpoint/index.ts'
import { EngineError, isEngineError, toEngineError } from '../src/errors/index.ts'
import type { LogEnds } from '../streams/index.ts'
import type { ActorLogger } from './logger.ts'
import type { Segment, SegmentPurpose } from './segment.actor.ts'
import type { Segments } from './segments.ts'
import type { EngineShard } from './shard-engine.ts'

export interface RestoredShard {
  readonly segment: Segment
  /** What it holds; graphs that lead to it are loaded too, where there are any. */
  readonly manifest: CheckpointManifest
}

interface RestoreOptions {
  readonly store: CheckpointStore
  readonly manifests: readonly CheckpointManifest[]
  readonly ends: LogEnds
  readonly segments: Segments
  readonly purpose: SegmentPurpose
  readonly logger: ActorLogger
  readonly signal: AbortSignal
}

/**
 * Builds a segment with the state of a checkpoint, from which the log can be followed; of several the first one in the
 * order given that is whole.
 *
 * @returns undefined when there is none, and the log can be replayed from its first record instead
 * @throws MILLRACE_CHECKPOINT_MISSING when nothing reaches the log's start; what the engine or the disk refuses
 */
export async function restoreShard(options: RestoreOptions): Promise<RestoredShard | undefined> {
  const { store, ends, logger, signal, segments } = options
  let reason = 'there is none'
  for (const manifest of options.manifests) {
    const { nextOffset } = manifest
    if (nextOffset < ends.start || nextOffset > ends.end) {
      reason = `the checkpoint of offset ${nextOffset} is outside of the log (${ends.start} to ${ends.end})`
      logger.error({ nextOffset, ...ends }, 'checkpoint is outside of the log')
      // Beyond the end, the log lost records that it holds and will give their offsets to others.
      if (nextOffset > ends.end) await store.setAsideAfter(nextOffset - 1n, reason)
      continue
    }
    // Newer ones may have taken its place while others were tried.
    if (!store.kept().includes(manifest)) continue
    const segment = segments.build(options.purpose)
    const { engine } = segment
    try {
      await store.load(manifest, {
        async take(bytes) {
          signal.throwIfAborted()
          await engine.loadCheckpoint(bytes)
        },
        async finish() {
          await restoreGraphs(engine, options)
          await engine.finishLoad()
        }
      })
      segments.complete(segment)
      return { segment, manifest }
    } catch (cause) {
      segments.discard(segment, toEngineError(cause).message)
      // Damage is set aside and reported by the store; the next older one may be whole.
      if (!isEngineError(cause, 'MILLRACE_CHECKPOINT_CORRUPT')) throw cause
      reason = cause.message
    }
  }
  if (ends.start === 0n) return undefined
  const { folder } = store
  throw new EngineError('MILLRACE_CHECKPOINT_MISSING', { start: ends.start, folder, reason })
}

/** A graph can always be built again: what keeps its file from being read is told, and nothing more. */
async function restoreGraphs(
  engine: EngineShard,
  { store, logger, signal }: Pick<RestoreOptions, 'store' | 'logger' | 'signal'>
): Promise<void> {
  try {
    const loaded = await store.graphs.load({
      async take(bytes) {
        signal.throwIfAborted()
        await engine.loadGraphs(bytes)
      },
      finish: () => engine.finishGraphs()
    })
    if (loaded !== undefined) logger.info({ ...loaded }, 'graphs were loaded')
  } catch (cause) {
    signal.throwIfAborted()
    logger.warn({ err: toEngineError(cause) }, 'graphs could not be loaded and are built again')
  }
}
