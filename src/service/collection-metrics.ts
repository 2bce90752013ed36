import { slotsOf } from '../domain/collection.ts'
import type { ServiceContext } from './context.ts'
import { collectionPoints, deferredPoints } from './shard-facts.ts'

/** What the metrics page tells of each collection. */
export async function collectionMetrics(context: ServiceContext) {
  const facts = await context.node.describe()
  const factsById = new Map(facts.map((known) => [known.id, known]))
  return [...context.directory().collections.values()].map((view) => {
    const shards = factsById.get(view.id.toString())?.shards ?? []
    return {
      name: view.name,
      points: collectionPoints(view),
      vectorNames: slotsOf(view.spec).map(({ name }) => name),
      shards: view.shards.length,
      deadShards: view.shards.filter(({ status }) => status.kind === 'stopped').length,
      queuedRecords: shards.reduce((sum, { lagRecords }) => sum + lagRecords, 0),
      deferredPoints: view.shards.reduce((sum, shard) => sum + deferredPoints(shard), 0),
      runningOptimizations: shards.filter(
        ({ optimizer }) => optimizer.current?.status === 'running'
      ).length,
      memoryBytes: shards.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)
    }
  })
}
