import { onTestFinished } from 'vitest'
import type { ActorLogger } from '../../actors/index.ts'
import { type Node, startNode, systemClock } from '../../actors/index.ts'
import { specOfRequest } from '../../src/domain/collection.ts'
import { encodeFrame, idsSection, recordKinds } from '../../src/domain/record/index.ts'
import type { Log } from '../../streams/index.ts'
import { plainCrc32c } from './crc32c.ts'
import { ModelShard } from './model-shard.ts'

export const quiet: ActorLogger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => quiet
}

export interface ModelNode extends Node {
  /** Every shard opened so far, by key; a restarted one replaces the one before. */
  readonly shards: ReadonlyMap<string, ModelShard>
}

let producers = 0n

/** A node whose native shards are models. */
export async function modelNode(
  log: Log,
  prepare: (shard: ModelShard, key: string) => void = () => {}
): Promise<ModelNode> {
  const shards = new Map<string, ModelShard>()
  producers += 1n
  const node = await startNode({
    log,
    clock: systemClock,
    logger: quiet,
    crc32c: plainCrc32c,
    producerId: producers,
    openEngine: (key) => {
      const shard = new ModelShard()
      prepare(shard, key)
      shards.set(key, shard)
      return shard
    },
    limits: { collections: 100 }
  })
  onTestFinished(() => node.stop())
  return Object.assign(node, { shards })
}

export const specOf = (shards: number) =>
  specOfRequest({ vectors: { size: 2, distance: 'Dot' }, shard_number: shards })

export function upsertFrame(collectionId: bigint, ids: readonly bigint[]): Uint8Array {
  return encodeFrame(
    {
      kind: recordKinds.upsert,
      collectionId,
      schemaVersion: 1,
      count: ids.length,
      sections: [idsSection(ids)]
    },
    plainCrc32c
  )
}

/** Waits until `condition` holds; the test's own timeout ends it otherwise. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}
