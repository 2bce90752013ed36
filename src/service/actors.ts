import type { ActorFacts } from '../domain/node-port.ts'
import type { ServiceContext } from './context.ts'

/** Every actor of this node: state, offset, lag, last error, since when, and whether it is in trouble. */
export function listActors({ node }: ServiceContext): Promise<readonly ActorFacts[]> {
  return node.actors()
}
