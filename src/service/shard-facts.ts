import { bytesPerVector, slotsOf } from '../domain/collection.ts'
import type { CollectionView, ShardView } from '../domain/directory.ts'
import {
  findShard,
  type NativeShardState,
  type QuantizedSlot,
  type SlotSearches,
  shardQuantized,
  shardSearches,
  shardState
} from '../engine/index.ts'

/** @returns undefined for a shard that restarts: it is not there for a moment */
export function nativeState({ key }: ShardView): NativeShardState | undefined {
  const handle = findShard(key)
  return handle === null ? undefined : shardState(handle)
}

/** What there is of the codes that the user asked for, by slot. */
export function quantizedSlots({ key }: ShardView): readonly QuantizedSlot[] {
  const handle = findShard(key)
  return handle === null ? [] : shardQuantized(handle)
}

export interface NamedSearches extends Omit<SlotSearches, 'slot'> {
  /** Of the vector. */
  readonly name: string
}

/** How the searches of a shard found their hits, for each vector name of its collection. */
export function searchesByName({ spec }: CollectionView, { key }: ShardView): NamedSearches[] {
  const handle = findShard(key)
  const known = handle === null ? [] : shardSearches(handle)
  return slotsOf(spec).map(({ slot, name }) => {
    const { unfiltered = {}, filtered = {} } = known.find((one) => one.slot === slot) ?? {}
    return { name, unfiltered, filtered }
  })
}

/** Points that readers do not see yet. */
export function deferredPoints(shard: ShardView): number {
  const { points = 0, visiblePoints = 0 } = nativeState(shard) ?? {}
  return Math.max(0, points - visiblePoints)
}

export function shardPoints(shard: ShardView): number {
  return nativeState(shard)?.points ?? 0
}

export function collectionPoints({ shards }: CollectionView): number {
  return shards.reduce((sum, shard) => sum + shardPoints(shard), 0)
}

/** Bytes of all components of the vectors, if each of `points` has each vector. */
export function vectorBytes({ spec }: CollectionView, points: number): number {
  return spec.vectors.reduce((sum, slot) => sum + bytesPerVector(slot) * points, 0)
}
