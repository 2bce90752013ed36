import { EngineError } from '../errors/index.ts'
import type { CollectionSpec } from './collection.ts'

/**
 * What every gateway knows of the collections, as one immutable value that the actors replace when
 * anything in it changes. Reads go from here to the engine and never through an actor.
 */
export interface ShardDirectory {
  readonly version: number
  readonly collections: ReadonlyMap<string, CollectionView>
  /** Other names of collections; an alias is never the name of a collection. */
  readonly aliases: ReadonlyMap<string, string>
}

export interface CollectionView {
  readonly name: string
  /** Metadata offset of the collection's creation. */
  readonly id: bigint
  readonly generation: number
  readonly schemaVersion: number
  readonly spec: CollectionSpec
  /** u16[bucketCount] */
  readonly shardOfBucket: Uint16Array
  readonly shards: readonly ShardView[]
}

export interface ShardView {
  readonly shard: number
  /** Names the native shard in the engine's registry, from any thread. */
  readonly key: string
  readonly status: ShardStatus
}

export type ShardStatus =
  | { readonly kind: 'running' }
  | { readonly kind: 'recovering'; readonly lagRecords: number }
  | ReplayingStatus
  | { readonly kind: 'stopped'; readonly offset: bigint; readonly reason: string }

/** The state of a checkpoint is there, and the end of the log is being replayed: reads wait briefly, then are answered with a mark. */
export interface ReplayingStatus {
  readonly kind: 'replaying'
  readonly nextOffset: bigint
  /** The end that the log had at the start: what reads wait for. */
  readonly targetOffset: bigint
  readonly lagRecords: number
  readonly recordsPerSecond: number
  /** null while the rate is not known */
  readonly etaMs: number | null
}

export const emptyDirectory: ShardDirectory = {
  version: 0,
  collections: new Map(),
  aliases: new Map()
}

/** The log's topic and the folder name of one generation: names of users never appear in paths. */
export function topicOf(collectionId: bigint, generation: number): string {
  return `c${collectionId}.g${generation}`
}

/** Names a native shard in the engine's registry. */
export function shardKeyOf(collectionId: bigint, generation: number, shard: number): string {
  return `${topicOf(collectionId, generation)}/${shard}`
}

/** Finds a collection by its name or by an alias. @throws MILLRACE_COLLECTION_NOT_FOUND */
export function findCollection(directory: ShardDirectory, name: string): CollectionView {
  const { collections, aliases } = directory
  const view = collections.get(name) ?? collections.get(aliases.get(name) ?? name)
  if (view === undefined) {
    throw new EngineError('MILLRACE_COLLECTION_NOT_FOUND', { collection: name })
  }
  return view
}

/**
 * A shard that replays the end of its log takes writes; reads see to it that they say what they lack.
 *
 * @throws MILLRACE_SHARD_RECOVERING, MILLRACE_SHARD_STOPPED when a shard has no state that may be read
 */
export function requireServing(view: CollectionView): CollectionView {
  for (const { shard, status } of view.shards) {
    if (status.kind === 'recovering') {
      throw new EngineError('MILLRACE_SHARD_RECOVERING', { shard, lagRecords: status.lagRecords })
    }
    if (status.kind === 'stopped') {
      const { offset, reason } = status
      throw new EngineError('MILLRACE_SHARD_STOPPED', { shard, offset, reason })
    }
  }
  return view
}
