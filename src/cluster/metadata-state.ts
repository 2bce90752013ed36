/** What the metadata log says, as every node knows it. */
import type { CollectionSpec } from '../domain/collection.ts'
import type { IngestEntry } from '../domain/ingest.ts'

export interface MetadataState {
  readonly collections: ReadonlyMap<string, CollectionEntry>
  /** Alias → name of its collection. No alias is the name of a collection. */
  readonly aliases: ReadonlyMap<string, string>
  readonly ingests: ReadonlyMap<string, IngestEntry>
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

/** The newer ones are missing in older records, which were decided without them. */
export interface MetadataLimits {
  readonly collections: number
  readonly aliases?: number
  readonly ingests?: number
  /** Largest `metadata` of a collection, as JSON. */
  readonly metadataBytes?: number
}

export const emptyMetadata: MetadataState = {
  collections: new Map(),
  aliases: new Map(),
  ingests: new Map(),
  nextOffset: 0n
}
