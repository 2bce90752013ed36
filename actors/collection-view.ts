/** A collection as others see it, made of what its actor knows. */
import type { CollectionEntry } from '../src/cluster/index.ts'
import { evenBucketMap } from '../src/domain/buckets.ts'
import { type CollectionView, shardKeyOf, topicOf } from '../src/domain/directory.ts'
import type { CollectionActor, CollectionDescription } from './collection.actor.ts'
import type { LogWritePort } from './write-port.ts'

/** A replica knows its lag as of its last read; what was appended since counts as well. */
export function withQueue(actor: CollectionActor, writePort: LogWritePort): CollectionDescription {
  const { id, generation } = actor.entry
  const description = actor.describe()
  const shards = description.shards.map((shard) => {
    const end = writePort.endOf(topicOf(id, generation), shard.shard)
    const queued = Number(end - BigInt(shard.nextOffset))
    return { ...shard, lagRecords: Math.max(shard.lagRecords, queued) }
  })
  return { ...description, shards }
}

/** Keeps what does not change of the view before, so that caches keyed by it stay warm. */
export function viewOf(
  actor: CollectionActor,
  entry: CollectionEntry,
  before: CollectionView | undefined
): CollectionView {
  const isSame = before?.id === entry.id && before.generation === entry.generation
  return {
    name: entry.name,
    id: entry.id,
    generation: entry.generation,
    schemaVersion: entry.schemaVersion,
    spec: entry.spec,
    shardOfBucket: isSame ? before.shardOfBucket : evenBucketMap(entry.spec.shardNumber),
    shards: actor.shardStatuses().map((status, shard) => ({
      shard,
      key: shardKeyOf(entry.id, entry.generation, shard),
      status
    }))
  }
}
