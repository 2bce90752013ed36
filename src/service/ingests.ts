import type { IngestDescription, IngestReport, IngestSpec } from '../domain/ingest.ts'
import { parseRequest, resetIngestSchema } from '../domain/schemas/index.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceContext } from './context.ts'
import { checkIngestName, readIngestSpec } from './ingest-spec.ts'
import { type ManagementOptions, propose } from './propose.ts'

export interface IngestStatus extends Partial<Omit<IngestReport, 'name'>> {
  readonly name: string
  /** Positions are kept by it; another one after a reset. */
  readonly id: string
  readonly paused: boolean
  /** The node that runs it. */
  readonly node: number
  /** `elsewhere`: another node runs it, and knows more. */
  readonly state: string
  readonly spec: IngestSpec
}

/** Makes an ingest, or changes one; positions go on. */
export async function putIngest(
  context: ServiceContext,
  name: string,
  body: unknown,
  options: ManagementOptions
): Promise<true> {
  const spec = readIngestSpec(checkIngestName(name), body)
  const { peerId: node } = context.identity
  await propose(context, { type: 'putIngest', name, spec, node }, options)
  return true
}

/** @returns whether there was one; what it read stays in the collection */
export async function deleteIngest(
  context: ServiceContext,
  name: string,
  options: ManagementOptions
): Promise<boolean> {
  const { changed } = await propose(context, { type: 'deleteIngest', name }, options)
  return changed
}

export async function pauseIngest(
  context: ServiceContext,
  name: string,
  options: ManagementOptions
): Promise<true> {
  await propose(context, { type: 'pauseIngest', name }, options)
  return true
}

/** Goes on, on the node that is asked; also after a failure that somebody has looked at. */
export async function resumeIngest(
  context: ServiceContext,
  name: string,
  options: ManagementOptions
): Promise<true> {
  const { peerId: node } = context.identity
  await propose(context, { type: 'resumeIngest', name, node }, options)
  return true
}

/** Forgets positions and reads on from a start, the one of the ingest unless another is given. */
export async function resetIngest(
  context: ServiceContext,
  name: string,
  body: unknown,
  options: ManagementOptions
): Promise<true> {
  const { start } = parseRequest(resetIngestSchema, body ?? {})
  const found = await findIngest(context, name)
  const from = start ?? found.entry.spec.start
  await propose(context, { type: 'resetIngest', name, start: from }, options)
  return true
}

/** @throws MILLRACE_INGEST_NOT_FOUND */
export async function ingestStatus(context: ServiceContext, name: string): Promise<IngestStatus> {
  return statusOf(await findIngest(context, name))
}

export async function listIngests(
  context: ServiceContext
): Promise<{ readonly ingests: readonly IngestStatus[] }> {
  const found = await context.node.describeIngests()
  return { ingests: found.map(statusOf).sort((a, b) => (a.name < b.name ? -1 : 1)) }
}

async function findIngest(context: ServiceContext, name: string): Promise<IngestDescription> {
  const found = (await context.node.describeIngests()).find(({ entry }) => entry.name === name)
  if (found === undefined) throw new EngineError('MILLRACE_INGEST_NOT_FOUND', { ingest: name })
  return found
}

function statusOf({ entry, report }: IngestDescription): IngestStatus {
  const { name, id, isPaused: paused, node, spec } = entry
  return { state: 'elsewhere', ...report, name, id: id.toString(), paused, node, spec }
}
