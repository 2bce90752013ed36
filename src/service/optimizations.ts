import { createHash } from 'node:crypto'
import { findCollection, type ShardView } from '../domain/directory.ts'
import { checkCollectionName } from '../domain/names.ts'
import type { OptimizationPhase, OptimizationRun, OptimizerFacts } from '../domain/optimization.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceContext } from './context.ts'
import { shardPoints } from './shard-facts.ts'

const sections = ['queued', 'completed', 'idle_segments']
const optimizerNames = { vacuum: 'vacuum', reindex: 'config mismatch' } as const

interface ShardOptimizations {
  readonly segment: { readonly uuid: string; readonly points_count: number }
  readonly facts: OptimizerFacts | undefined
}

/**
 * What the optimizers of a collection's shards do. Each shard is one segment.
 *
 * @param fields        sections to add, separated by commas
 * @param completedMax  of what is done, the newest so many
 * @throws              MILLRACE_COLLECTION_NOT_FOUND, MILLRACE_INPUT_INVALID for an unknown section
 */
export async function listOptimizations(
  context: ServiceContext,
  name: string,
  fields: string | undefined,
  completedMax: number
) {
  const view = findCollection(context.directory(), checkCollectionName(name, 'use'))
  const wanted = wantedOf(fields)
  const id = view.id.toString()
  const known = (await context.node.describe(view.id)).find((one) => one.id === id)
  const shards = view.shards.map(
    (shard): ShardOptimizations => ({
      segment: { uuid: segmentUuid(shard), points_count: shardPoints(shard) },
      facts: known?.shards.find((one) => one.shard === shard.shard)?.optimizer
    })
  )
  const queued = shards.flatMap(queuedOf)
  const isIdle = (shard: ShardOptimizations) =>
    runningOf(shard).length === 0 && queuedOf(shard).length === 0
  const idle = shards.filter(isIdle).map(({ segment }) => segment)
  return {
    summary: {
      queued_optimizations: queued.length,
      queued_segments: queued.length,
      queued_points: queued.reduce((sum, { segments: [one] }) => sum + (one?.points_count ?? 0), 0),
      idle_segments: idle.length
    },
    running: shards.flatMap(runningOf),
    ...(wanted.has('queued') && { queued }),
    ...(wanted.has('completed') && {
      completed: shards
        .flatMap(({ facts, segment }) => facts?.past.map((run) => optimizationOf(run, segment)))
        .flatMap((run) => run ?? [])
        .sort((a, b) => ((a.progress.finished_at ?? '') < (b.progress.finished_at ?? '') ? 1 : -1))
        .slice(0, completedMax)
    }),
    ...(wanted.has('idle_segments') && { idle_segments: idle })
  }
}

function wantedOf(fields: string | undefined): ReadonlySet<string> {
  const wanted = new Set((fields ?? '').split(',').flatMap((field) => field.trim() || []))
  const unknown = [...wanted].find((field) => !sections.includes(field))
  if (unknown === undefined) return wanted
  const reason = `Unknown field in 'with' parameter: ${unknown}`
  throw new EngineError('MILLRACE_INPUT_INVALID', { reason })
}

function queuedOf({ facts, segment }: ShardOptimizations) {
  const waiting = facts?.current?.status === 'waiting' ? facts.current.kind : undefined
  return waiting === undefined ? [] : [{ optimizer: optimizerNames[waiting], segments: [segment] }]
}

function runningOf({ facts, segment }: ShardOptimizations) {
  if (facts === undefined) return []
  const run = facts.current?.status === 'running' ? [optimizationOf(facts.current, segment)] : []
  return facts.waitingVectors === 0 ? run : [...run, indexingOf(facts, segment)]
}

/** The native builder works without a plan: vectors get into the graph as they come. */
function indexingOf(facts: OptimizerFacts, segment: ShardOptimizations['segment']) {
  const { indexedVectors: done, waitingVectors } = facts
  return {
    uuid: uuidOf(`indexing ${segment.uuid}`),
    optimizer: 'indexing',
    status: 'optimizing' as const,
    segments: [segment],
    progress: { name: 'indexing', done, total: done + waitingVectors }
  }
}

function optimizationOf(run: OptimizationRun, segment: ShardOptimizations['segment']) {
  const { id: uuid, kind, points } = run
  return {
    uuid,
    optimizer: optimizerNames[kind],
    status: statusOf(run),
    segments: [{ ...segment, points_count: points }],
    progress: {
      name: optimizerNames[kind],
      started_at: run.startedAt,
      finished_at: run.endedAt,
      ...(run.startedAt && { duration_sec: secondsOf(run.startedAt, run.endedAt) }),
      children: run.phases.map(progressOf)
    }
  }
}

function progressOf({ name, startedAt, endedAt, done, total }: OptimizationPhase) {
  const duration_sec = secondsOf(startedAt, endedAt)
  return { name, started_at: startedAt, finished_at: endedAt, duration_sec, done, total }
}

function statusOf({ status, error }: OptimizationRun) {
  if (status === 'cancelled') return { cancelled: error ?? '' }
  if (status === 'failed') return { error: error ?? '' }
  return status === 'done' ? ('done' as const) : ('optimizing' as const)
}

function secondsOf(from: string, to: string | null): number {
  return ((to === null ? Date.now() : Date.parse(to)) - Date.parse(from)) / 1000
}

/** Names the one segment of a shard, always alike. */
export function segmentUuid({ key }: ShardView): string {
  return uuidOf(key)
}

/** A UUID of version 8, made of a text. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
