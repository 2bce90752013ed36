import type { ShardsFolder } from '../src/checkpoint/index.ts'
import type { MetadataState } from '../src/cluster/index.ts'
import { topicOf } from '../src/domain/directory.ts'
import type { Log } from '../streams/index.ts'
import type { ActorLogger } from './logger.ts'

const generatedTopic = /^c(\d+)\.g\d+$/

/** A crash between a collection's deletion and that of its topic and its checkpoints leaves them behind. */
export async function deleteLeftovers(
  log: Log,
  shardsFolder: ShardsFolder,
  state: MetadataState,
  logger: ActorLogger
): Promise<void> {
  const wanted = new Set(
    [...state.collections.values()].map(({ id, generation }) => topicOf(id, generation))
  )
  for (const { topic } of await log.topics()) {
    const id = generatedTopic.exec(topic)?.[1]
    if (id === undefined || wanted.has(topic)) continue
    // Another node may have created its collection after the state that is looked at here.
    if (BigInt(id) >= state.nextOffset) continue
    logger.info({ topic }, 'removing a topic that no collection names')
    await log.deleteTopic(topic)
  }
  const folders = await shardsFolder.removeOthers(wanted)
  if (folders.length > 0) logger.info({ folders }, 'removed checkpoints that no collection names')
}
