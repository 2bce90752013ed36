/**
 * A reducer's state as a record of the metadata log: META = { snapshot }. It holds the state before its own offset, so
 * that a node can begin there; one that was overtaken by another record says so by its `nextOffset`, and is nothing to
 * anyone.
 */
import type { CollectionSpec } from '../domain/collection.ts'
import type { IngestEntry } from '../domain/ingest.ts'
import {
  type Crc32c,
  encodeFrame,
  type Frame,
  type MetaValue,
  metaSection,
  readMeta,
  recordKinds
} from '../domain/record/index.ts'
import type { MetadataState } from './metadata-state.ts'

/** Offsets are decimal texts, so that no reader has to tell integers from floats. */
interface StoredSnapshot {
  readonly nextOffset: string
  readonly collections: readonly {
    readonly name: string
    readonly id: string
    readonly generation: number
    readonly versionBase: string
    readonly schemaVersion: number
    readonly spec: CollectionSpec
  }[]
  readonly aliases: readonly (readonly [string, string])[]
  /** Missing in what was written before there were any. */
  readonly ingests?: readonly (Omit<IngestEntry, 'id' | 'collectionId'> & {
    readonly id: string
    readonly collectionId: string
  })[]
}

export function encodeSnapshot(state: MetadataState, crc32c: Crc32c): Uint8Array {
  // Settings are plain data: JSON-like values and nothing else.
  const snapshot = storedOf(state) as unknown as MetaValue
  return encodeFrame(
    {
      kind: recordKinds.metadata,
      collectionId: 0n,
      schemaVersion: 0,
      count: 0,
      sections: [metaSection({ snapshot })]
    },
    crc32c
  )
}

/** @returns the state that a record holds; undefined when it is no snapshot, or one that another record has overtaken */
export function decodeSnapshot(frame: Frame, offset: bigint): MetadataState | undefined {
  const stored = snapshotIn(frame)
  if (stored === undefined || BigInt(stored.nextOffset) !== offset) return undefined
  const collections = stored.collections.map((one) => ({
    ...one,
    id: BigInt(one.id),
    versionBase: BigInt(one.versionBase)
  }))
  return {
    collections: new Map(collections.map((one) => [one.name, one])),
    aliases: new Map(stored.aliases),
    ingests: new Map((stored.ingests ?? []).map((one) => [one.name, ingestOf(one)])),
    nextOffset: offset + 1n
  }
}

function ingestOf(stored: NonNullable<StoredSnapshot['ingests']>[number]): IngestEntry {
  return { ...stored, id: BigInt(stored.id), collectionId: BigInt(stored.collectionId) }
}

export function isSnapshot(frame: Frame): boolean {
  return snapshotIn(frame) !== undefined
}

/** Whether two states say the same of everything but their place in the log. */
export function isSameMetadata(one: MetadataState, other: MetadataState): boolean {
  const textOf = (state: MetadataState) => {
    const { collections, aliases, ingests = [] } = storedOf(state)
    return JSON.stringify([
      collections.toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1)),
      aliases.toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ingests.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    ])
  }
  return textOf(one) === textOf(other)
}

function storedOf(state: MetadataState): StoredSnapshot {
  const { collections, aliases, ingests, nextOffset } = state
  return {
    nextOffset: String(nextOffset),
    collections: [...collections.values()].map((entry) => ({
      ...entry,
      id: String(entry.id),
      versionBase: String(entry.versionBase)
    })),
    aliases: [...aliases],
    ingests: [...ingests.values()].map((entry) => ({
      ...entry,
      id: String(entry.id),
      collectionId: String(entry.collectionId)
    }))
  }
}

function snapshotIn(frame: Frame): StoredSnapshot | undefined {
  if (frame.kind !== recordKinds.metadata) return undefined
  const meta = readMeta(frame)
  if (typeof meta !== 'object' || meta === null || !('snapshot' in meta)) return undefined
  // The frame's checksum tells that this is what encodeSnapshot wrote.
  return meta.snapshot as unknown as StoredSnapshot
}
