import {
  applyRecords,
  closeShard,
  openShard,
  type ShardHandle,
  shardState
} from '../src/engine/index.ts'
import type { LogBatch } from '../streams/index.ts'
import type { ApplyReport, EngineShard, EngineShardState } from './shard-engine.ts'

/** A native shard as the actors drive it, under a key by which every thread finds it. */
export class NativeShard implements EngineShard {
  private readonly key: string
  private readonly handle: ShardHandle

  constructor(key: string, collectionId: bigint, shard: number) {
    this.key = key
    this.handle = openShard(key, collectionId, shard)
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

  close(): void {
    closeShard(this.key)
  }
}
