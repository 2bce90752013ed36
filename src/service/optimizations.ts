import { createHash } from 'node:crypto'
import { findCollection, type ShardView } from '../domain/directory.ts'
import { checkCollectionName } from '../domain/names.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceContext } from './context.ts'
import { shardPoints } from './shard-facts.ts'

const sections = ['queued', 'completed', 'idle_segments']

/**
 * What the optimizer does. This version has none: each shard is one segment, searched exactly, and idle.
 *
 * @param fields  sections to add, separated by commas
 * @throws        MILLRACE_COLLECTION_NOT_FOUND, MILLRACE_INPUT_INVALID for an unknown section
 */
export function listOptimizations(
  context: ServiceContext,
  name: string,
  fields: string | undefined
) {
  const view = findCollection(context.directory(), checkCollectionName(name, 'use'))
  const wanted = new Set((fields ?? '').split(',').flatMap((field) => field.trim() || []))
  const unknown = [...wanted].find((field) => !sections.includes(field))
  if (unknown !== undefined) {
    const reason = `Unknown field in 'with' parameter: ${unknown}`
    throw new EngineError('MILLRACE_INPUT_INVALID', { reason })
  }
  return {
    summary: {
      queued_optimizations: 0,
      queued_segments: 0,
      queued_points: 0,
      idle_segments: view.shards.length
    },
    running: [],
    ...(wanted.has('queued') && { queued: [] }),
    ...(wanted.has('completed') && { completed: [] }),
    ...(wanted.has('idle_segments') && {
      idle_segments: view.shards.map((shard) => ({
        uuid: segmentUuid(shard),
        points_count: shardPoints(shard)
      }))
    })
  }
}

/** Names the one segment of a shard, always alike: a UUID of version 8, made of the shard's key. */
export function segmentUuid({ key }: ShardView): string {
  const hex = createHash('sha256').update(key).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
