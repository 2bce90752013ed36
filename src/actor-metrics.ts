import type { ActorFacts } from './domain/node-port.ts'
import type { Metrics } from './observability/index.ts'

/** Sets the gauges of the actors; called when the metrics page is read. */
export function refreshActorMetrics(metrics: Metrics, actors: readonly ActorFacts[]): void {
  metrics.nodeState.reset()
  metrics.actors.reset()
  metrics.actorRestarts.reset()
  for (const { kind, state, health, restarts } of actors) {
    if (kind === 'node') metrics.nodeState.set({ state }, 1)
    metrics.actors.inc({ kind, health })
    metrics.actorRestarts.inc({ kind }, restarts)
  }
}
