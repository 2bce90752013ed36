import type { CapturedState, FrameSource } from '../src/checkpoint/index.ts'
import type { GrowthSettings } from '../src/domain/optimizer-settings.ts'
import {
  applyRecords,
  captureCheckpoint,
  captureGraphs,
  closeShard,
  findShard,
  finishCheckpointLoad,
  finishGraphLoad,
  loadCheckpointBytes,
  loadGraphBytes,
  nextCheckpointBytes,
  openShard,
  replaceShard,
  retireShard,
  type ShardHandle,
  type SlotIndex,
  type SourcePosition,
  setGrowth,
  shardSources,
  shardState
} from '../src/engine/index.ts'
import { EngineError } from '../src/errors/index.ts'
import type { LogBatch } from '../streams/index.ts'
import type { ApplyReport, CapturedGraphs, EngineShard, EngineShardState } from './shard-engine.ts'

/** What the shard under a key has applied of topics of users; nothing when it is not open. */
export function nativeSources(key: string): readonly SourcePosition[] {
  const shard = findShard(key)
  return shard === null ? [] : shardSources(shard)
}

/** A search and the showing of its hits are two calls: the second one finds what the first one saw for so long. */
const retireAfterMs = 10_000

/** A native shard as the actors drive it, under a key by which every thread finds it. */
export class NativeShard implements EngineShard {
  private readonly key: string
  private handle: ShardHandle
  /** Threads keep handles until they next collect their garbage; memory and disk must not wait for that. */
  private readonly replaced = new Map<ShardHandle, NodeJS.Timeout>()

  constructor(
    key: string,
    collectionId: bigint,
    shard: number,
    indexes: readonly SlotIndex[] = [],
    scratchFolder?: string
  ) {
    this.key = key
    this.handle = openShard(key, collectionId, shard, indexes, scratchFolder)
  }

  async apply(batch: LogBatch): Promise<ApplyReport> {
    const { outcomes, stop } = await applyRecords(this.handle, batch)
    return {
      applied: outcomes.length,
      stop: stop ?? undefined,
      forEachOutcome(producerId, visit) {
        for (const { rejection, ...outcome } of outcomes) {
          if (outcome.producerId === producerId) visit({ ...outcome, rejection })
        }
      }
    }
  }

  state(): EngineShardState {
    const state = shardState(this.handle)
    return { ...state, points: BigInt(state.points) }
  }

  captureCheckpoint(since: bigint): CapturedState {
    const capture = captureCheckpoint(this.handle, since)
    const { nextOffset, digest, rows, liveRows } = capture
    const source: FrameSource = (max, spent) => nextCheckpointBytes(capture, max, spent)
    return { nextOffset, digest, rows, liveRows, source }
  }

  loadCheckpoint(bytes: Uint8Array): Promise<void> {
    return loadCheckpointBytes(this.handle, bytes)
  }

  finishLoad(): Promise<void> {
    return finishCheckpointLoad(this.handle)
  }

  async captureGraphs(): Promise<CapturedGraphs | undefined> {
    const capture = await captureGraphs(this.handle)
    if (capture === undefined) return undefined
    const source: FrameSource = (max, spent) => nextCheckpointBytes(capture, max, spent)
    return { nextOffset: capture.nextOffset, source }
  }

  loadGraphs(bytes: Uint8Array): Promise<void> {
    return loadGraphBytes(this.handle, bytes)
  }

  finishGraphs(): Promise<number> {
    return finishGraphLoad(this.handle)
  }

  setGrowth(settings: GrowthSettings): void {
    setGrowth(this.handle, settings)
  }

  replaceWith(other: EngineShard): void {
    if (!(other instanceof NativeShard) || !replaceShard(this.key, other.handle)) {
      throw new EngineError('MILLRACE_INTERNAL', { reason: `${this.key} is not open` })
    }
    const before = this.handle
    this.handle = other.handle
    this.replaced.set(before, setTimeout(() => this.retire(before), retireAfterMs).unref())
    other.close()
  }

  close(): void {
    closeShard(this.key)
    for (const handle of [...this.replaced.keys()]) this.retire(handle)
  }

  private retire(handle: ShardHandle): void {
    clearTimeout(this.replaced.get(handle))
    this.replaced.delete(handle)
    retireShard(handle, this.handle)
  }
}
