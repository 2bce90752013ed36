import { onTestFinished } from 'vitest'
import type {
  ActorLogger,
  CheckpointSettings,
  Resource,
  TransferOptions
} from '../../actors/index.ts'
import { type Node, startNode, systemClock } from '../../actors/index.ts'
import { specOfRequest } from '../../src/domain/collection.ts'
import { encodeFrame, idsSection, recordKinds } from '../../src/domain/record/index.ts'
import type { Log } from '../../streams/index.ts'
import { plainCrc32c } from './crc32c.ts'
import { FaultyFiles } from './faulty-files.ts'
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

/** A data folder in memory: what one node leaves there the next one finds. */
export async function dataFolder(): Promise<FaultyFiles> {
  const files = new FaultyFiles()
  await files.makeFolder('/data')
  await files.syncFolder('')
  return files
}

export interface ModelNodeOptions extends Partial<CheckpointSettings> {
  readonly prepare?: (shard: ModelShard, key: string) => void
  readonly logger?: ActorLogger
  readonly stuckAfterMs?: number
  readonly transfers?: TransferOptions
  readonly memory?: Resource
}

let producers = 0n

/** A node whose native shards are models. */
export async function modelNode(
  log: Log,
  given: ModelNodeOptions | ModelNodeOptions['prepare'] = {}
): Promise<ModelNode> {
  const options = typeof given === 'function' ? { prepare: given } : given
  const {
    prepare = () => {},
    logger = quiet,
    stuckAfterMs = 60_000,
    transfers,
    memory,
    ...checkpoints
  } = options
  const shards = new Map<string, ModelShard>()
  producers += 1n
  const node = await startNode({
    log,
    clock: systemClock,
    logger,
    crc32c: plainCrc32c,
    producerId: producers,
    openEngine: (key) => {
      const shard = new ModelShard()
      prepare(shard, key)
      shards.set(key, shard)
      return shard
    },
    checkpoints: {
      files: checkpoints.files ?? (await dataFolder()),
      folder: '/data/shards',
      keep: 2,
      everyBytes: 1 << 30,
      everyMs: 3_600_000,
      retentionBytes: 0,
      partitionBytes: () => 0,
      now: () => 1_700_000_000_000,
      ...checkpoints
    },
    limits: { collections: 100 },
    transfers,
    stuckAfterMs,
    ...(memory && { memory })
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
