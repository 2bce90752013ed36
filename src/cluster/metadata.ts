/**
 * The control plane's state as a pure reducer over the metadata log: every node replays the log and
 * gets the same answer. A change is proposed by appending it; the first valid record wins.
 */
import type { CollectionSpec } from '../domain/collection.ts'
import type { ControlCommand, ControlVerdict } from '../domain/ports.ts'

export interface MetadataState {
  readonly collections: ReadonlyMap<string, CollectionEntry>
  /** Where the metadata log is to be read on. */
  readonly nextOffset: bigint
}

export interface CollectionEntry {
  readonly name: string
  /** The offset of the record that created it. */
  readonly id: bigint
  readonly generation: number
  /** Highest version of the generation before, + 1. */
  readonly versionBase: bigint
  readonly schemaVersion: number
  readonly spec: CollectionSpec
}

export interface MetadataLimits {
  readonly collections: number
}

export interface Reduction {
  readonly state: MetadataState
  readonly verdict: ControlVerdict
}

export const emptyMetadata: MetadataState = { collections: new Map(), nextOffset: 0n }

/**
 * Applies one command.
 *
 * @param limits  travels in the command's record, so that every node decides alike
 */
export function reduceMetadata(
  state: MetadataState,
  offset: bigint,
  command: ControlCommand,
  limits: MetadataLimits
): Reduction {
  const { collections, verdict } = decide(state.collections, offset, command, limits)
  return { state: { collections, nextOffset: offset + 1n }, verdict }
}

type Collections = MetadataState['collections']
interface Decision {
  readonly collections: Collections
  readonly verdict: ControlVerdict
}

function decide(
  collections: Collections,
  offset: bigint,
  command: ControlCommand,
  limits: MetadataLimits
): Decision {
  switch (command.type) {
    case 'createCollection':
      return createCollection(collections, offset, command, limits)
    case 'deleteCollection':
      return deleteCollection(collections, command.name)
  }
}

function createCollection(
  collections: Collections,
  offset: bigint,
  { name, spec }: ControlCommand & { type: 'createCollection' },
  limits: MetadataLimits
): Decision {
  const refuse = (code: 'MILLRACE_COLLECTION_EXISTS' | 'MILLRACE_COLLECTION_LIMIT'): Decision => ({
    collections,
    verdict: { accepted: false, code, details: { collection: name, limit: limits.collections } }
  })
  if (collections.has(name)) return refuse('MILLRACE_COLLECTION_EXISTS')
  if (collections.size >= limits.collections) return refuse('MILLRACE_COLLECTION_LIMIT')
  const entry = { name, id: offset, generation: 0, versionBase: 0n, schemaVersion: 1, spec }
  return {
    collections: new Map([...collections, [name, entry]]),
    verdict: { accepted: true, changed: true, collectionId: offset }
  }
}

function deleteCollection(collections: Collections, name: string): Decision {
  const entry = collections.get(name)
  if (entry === undefined) {
    return { collections, verdict: { accepted: true, changed: false, collectionId: undefined } }
  }
  return {
    collections: new Map([...collections].filter(([known]) => known !== name)),
    verdict: { accepted: true, changed: true, collectionId: entry.id }
  }
}
