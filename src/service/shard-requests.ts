import { requireServing } from '../domain/directory.ts'
import type { ShardRequest } from '../domain/ports.ts'
import { EngineError } from '../errors/index.ts'
import { shardHandles, shardVerbs } from '../query/index.ts'
import type { ServiceContext } from './context.ts'

/**
 * Answers what another node, or this one, asks of a shard here.
 *
 * @throws MILLRACE_SHARD_CLOSED for one that is not here, MILLRACE_SHARD_RECOVERING, MILLRACE_SHARD_STOPPED, whatever the engine throws
 */
export async function answerShardRequest(
  context: ServiceContext,
  request: Omit<ShardRequest, 'peerId' | 'signal'>
): Promise<Uint8Array> {
  const { collectionId, generation, shard, verb, body, deadlineNs } = request
  const view = [...context.directory().collections.values()].find(
    (known) => known.id === collectionId && known.generation === generation
  )
  const handle = view && shardHandles(requireServing(view))[shard]
  if (handle === undefined) throw new EngineError('MILLRACE_SHARD_CLOSED', { shard })
  if (!isVerb(verb)) {
    throw new EngineError('MILLRACE_ARGUMENT_INVALID', { reason: `no shard answers \`${verb}\`` })
  }
  return shardVerbs[verb](handle, body, deadlineNs)
}

function isVerb(verb: string): verb is keyof typeof shardVerbs {
  return Object.hasOwn(shardVerbs, verb)
}
