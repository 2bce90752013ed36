/** Ingests in the reducer of the metadata log. */
import type { IngestEntry } from '../domain/ingest.ts'
import type { ControlVerdict, IngestCommand } from '../domain/ports.ts'
import type { ErrorCode, ErrorDetails } from '../errors/index.ts'
import type { MetadataLimits, MetadataState } from './metadata-state.ts'

type Ingests = MetadataState['ingests']

export interface IngestDecision {
  readonly ingests: Ingests
  readonly verdict: ControlVerdict
}

export function decideIngest(
  { ingests, collections }: Pick<MetadataState, 'ingests' | 'collections'>,
  offset: bigint,
  command: IngestCommand,
  limits: MetadataLimits
): IngestDecision {
  if (command.type === 'putIngest')
    return putIngest({ ingests, collections }, offset, command, limits)
  const { name } = command
  const entry = ingests.get(name)
  if (entry === undefined) {
    if (command.type === 'deleteIngest') return { ingests, verdict: accepted(false, 0n) }
    return refused(ingests, 'MILLRACE_INGEST_NOT_FOUND', { ingest: name })
  }
  switch (command.type) {
    case 'deleteIngest': {
      const left = new Map([...ingests].filter(([known]) => known !== name))
      return { ingests: left, verdict: accepted(true, entry.collectionId) }
    }
    case 'pauseIngest':
      return replace(ingests, { ...entry, isPaused: true })
    case 'resumeIngest':
      return replace(ingests, { ...entry, isPaused: false, node: command.node })
    // A new id: what shards have kept of the old one no longer counts.
    case 'resetIngest':
      return replace(ingests, {
        ...entry,
        id: offset,
        spec: { ...entry.spec, start: command.start }
      })
  }
}

/** Deleting a collection ends what is read into it. */
export function withoutIngestsOf(ingests: Ingests, collectionId: bigint | undefined): Ingests {
  const left = [...ingests].filter(([, entry]) => entry.collectionId !== collectionId)
  return left.length === ingests.size ? ingests : new Map(left)
}

/** Positions go on when an ingest is changed: they are kept by its id, topic and partition. */
function putIngest(
  { ingests, collections }: Pick<MetadataState, 'ingests' | 'collections'>,
  offset: bigint,
  { name, spec, node }: IngestCommand & { type: 'putIngest' },
  { ingests: limit = Number.POSITIVE_INFINITY }: MetadataLimits
): IngestDecision {
  const { collection } = spec
  const collectionId = collections.get(collection)?.id
  if (collectionId === undefined) {
    return refused(ingests, 'MILLRACE_COLLECTION_NOT_FOUND', { collection })
  }
  const before = ingests.get(name)
  if (before !== undefined) {
    if (before.collectionId === collectionId) return replace(ingests, { ...before, spec, node })
    const details = { ingest: name, collection: before.spec.collection }
    return refused(ingests, 'MILLRACE_INGEST_EXISTS', details)
  }
  if (ingests.size >= limit) return refused(ingests, 'MILLRACE_INGEST_LIMIT', { limit })
  return replace(ingests, { name, id: offset, collectionId, spec, isPaused: false, node })
}

function replace(ingests: Ingests, entry: IngestEntry): IngestDecision {
  return {
    ingests: new Map([...ingests, [entry.name, entry]]),
    verdict: accepted(true, entry.collectionId)
  }
}

function accepted(changed: boolean, collectionId: bigint): ControlVerdict {
  return { accepted: true, changed, collectionId }
}

function refused(ingests: Ingests, code: ErrorCode, details: ErrorDetails): IngestDecision {
  return { ingests, verdict: { accepted: false, code, details } }
}
