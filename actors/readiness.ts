import type { ShardDirectory } from '../src/domain/directory.ts'
import type { ActorFacts } from '../src/domain/node-port.ts'
import { isUnhealthy } from './actor-watch.ts'
import type { NodeLife } from './node-life.ts'

/** @returns a sentence for each thing that keeps a node from being ready */
export function whyNotReady(
  life: NodeLife,
  directory: ShardDirectory,
  actors: readonly ActorFacts[]
): string[] {
  const state = life.state()
  const isolatedBy = life.isolatedBy()
  const reasons = state === 'serving' ? [] : [`the node is ${state}`]
  if (isolatedBy !== undefined) reasons.push(`the log cannot be reached: ${isolatedBy}`)
  for (const { name, shards } of directory.collections.values()) {
    for (const { shard, status } of shards) {
      if (status.kind === 'running') continue
      const why = status.kind === 'stopped' ? `: ${status.reason}` : ''
      reasons.push(`shard ${shard} of ${name} is ${status.kind}${why}`)
    }
  }
  for (const { kind, name, state: at, health, since, lastError } of actors) {
    if (!isUnhealthy(health)) continue
    reasons.push(`${kind} ${name} is ${health} (${at} since ${since}): ${lastError ?? 'no error'}`)
  }
  return reasons
}
