/**
 * The control plane's state as a pure reducer over the metadata log: every node replays the log and
 * gets the same answer. A change is proposed by appending it; the first valid record wins.
 */
import type { CollectionSpec } from '../domain/collection.ts'
import { patchCollection, unknownVectorOf } from '../domain/collection-settings.ts'
import type { ControlCommand, ControlVerdict, IngestCommand } from '../domain/ports.ts'
import type { ErrorCode } from '../errors/index.ts'
import { changeAliases, type Decision, type Names, refused } from './aliases.ts'
import { decideIngest, withoutIngestsOf } from './ingests.ts'
import type { MetadataLimits, MetadataState } from './metadata-state.ts'
import { changeVectors } from './vectors.ts'

export interface Reduction {
  readonly state: MetadataState
  readonly verdict: ControlVerdict
}

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
  const nextOffset = offset + 1n
  if (isIngestCommand(command)) {
    const { ingests, verdict } = decideIngest(state, offset, command, limits)
    return { state: { ...state, ingests, nextOffset }, verdict }
  }
  const { verdict, ...names } = decide(state, offset, command, limits)
  const isDeletion = command.type === 'deleteCollection' && verdict.accepted
  const ingests = isDeletion ? withoutIngestsOf(state.ingests, verdict.collectionId) : state.ingests
  return { state: { ...names, ingests, nextOffset }, verdict }
}

function isIngestCommand(command: ControlCommand): command is IngestCommand {
  return command.type.endsWith('Ingest')
}

function decide(
  state: MetadataState,
  offset: bigint,
  command: Exclude<ControlCommand, IngestCommand>,
  limits: MetadataLimits
): Decision {
  switch (command.type) {
    case 'createCollection':
      return createCollection(state, offset, command, limits)
    case 'updateCollection':
      return updateCollection(state, command, limits)
    case 'deleteCollection':
      return deleteCollection(state, command.name)
    case 'createVector':
    case 'deleteVector':
      return changeVectors(state, command)
    case 'changeAliases':
      return changeAliases(state, command.actions, limits)
  }
}

function createCollection(
  { collections, aliases }: Names,
  offset: bigint,
  { name, spec }: ControlCommand & { type: 'createCollection' },
  limits: MetadataLimits
): Decision {
  const refuse = (code: ErrorCode): Decision =>
    refused({ collections, aliases }, code, { collection: name, limit: limits.collections })
  if (collections.has(name)) return refuse('MILLRACE_COLLECTION_EXISTS')
  if (aliases.has(name)) return refuse('MILLRACE_COLLECTION_NAMED_LIKE_ALIAS')
  if (collections.size >= limits.collections) return refuse('MILLRACE_COLLECTION_LIMIT')
  const problem = metadataProblem(name, spec, limits)
  if (problem !== undefined) return { collections, aliases, verdict: problem }
  const entry = { name, id: offset, generation: 0, versionBase: 0n, schemaVersion: 1, spec }
  return {
    collections: new Map([...collections, [name, entry]]),
    aliases,
    verdict: { accepted: true, changed: true, collectionId: offset }
  }
}

function updateCollection(
  { collections, aliases }: Names,
  { name, patch }: ControlCommand & { type: 'updateCollection' },
  limits: MetadataLimits
): Decision {
  const names = { collections, aliases }
  const entry = collections.get(name)
  if (entry === undefined) {
    return refused(names, 'MILLRACE_COLLECTION_NOT_FOUND', { collection: name })
  }
  const unknown = unknownVectorOf(entry.spec, patch)
  if (unknown !== undefined) {
    return refused(names, 'MILLRACE_VECTOR_NAME_UNKNOWN', { name: unknown })
  }
  const spec = patchCollection(entry.spec, patch)
  const problem = metadataProblem(name, spec, limits)
  if (problem !== undefined) return { ...names, verdict: problem }
  return {
    collections: new Map([...collections, [name, { ...entry, spec }]]),
    aliases,
    verdict: { accepted: true, changed: true, collectionId: entry.id }
  }
}

function deleteCollection({ collections, aliases }: Names, name: string): Decision {
  const entry = collections.get(name)
  if (entry === undefined) {
    const verdict = { accepted: true, changed: false, collectionId: undefined } as const
    return { collections, aliases, verdict }
  }
  return {
    collections: new Map([...collections].filter(([known]) => known !== name)),
    aliases: new Map([...aliases].filter(([, collection]) => collection !== name)),
    verdict: { accepted: true, changed: true, collectionId: entry.id }
  }
}

/** Metadata grows by every patch, so that its size is looked at after the merge. */
function metadataProblem(
  collection: string,
  { request }: CollectionSpec,
  { metadataBytes: limit }: MetadataLimits
): ControlVerdict | undefined {
  if (limit === undefined || !request.metadata) return undefined
  const bytes = Buffer.byteLength(JSON.stringify(request.metadata))
  if (bytes <= limit) return undefined
  const details = { collection, bytes, limit }
  return { accepted: false, code: 'MILLRACE_METADATA_TOO_LARGE', details }
}
