import { CheckpointStore, planChain } from '../../src/checkpoint/index.ts'
import {
  encodeFrame,
  idsSection,
  metaSection,
  recordKinds,
  sealFrame
} from '../../src/domain/record/index.ts'
import type { EngineError } from '../../src/errors/index.ts'
import type { FileLayer } from '../../streams/index.ts'
import { plainCrc32c } from './crc32c.ts'
import { ModelShard } from './model-shard.ts'

export const shardFolder = '/data/shards/c1.g0/0'

export interface StoreFixture {
  readonly store: CheckpointStore
  readonly damage: EngineError[]
}

export async function openStore(files: FileLayer): Promise<StoreFixture> {
  const damage: EngineError[] = []
  const store = await CheckpointStore.open({
    files,
    folder: shardFolder,
    crc32c: plainCrc32c,
    now: () => 1_700_000_000_000,
    onDamage: (error) => damage.push(error)
  })
  return { store, damage }
}

/** Writes what the shard holds as the shard's next checkpoint. */
export async function writeCheckpoint(
  store: CheckpointStore,
  shard: ModelShard,
  appliedBytes = 0,
  signal = new AbortController().signal
) {
  const liveRows = shard.ids.size
  const plan = planChain(store.kept()[0], { appliedBytes, liveRows })
  return store.write(plan, shard.captureCheckpoint(plan.since), signal)
}

/** As `writeCheckpoint`, but the new file covers only what changed since the newest checkpoint. */
export async function writeDelta(store: CheckpointStore, shard: ModelShard) {
  const newest = store.kept()[0]
  const plan = { since: newest?.nextOffset ?? 0n, files: newest?.files ?? [] }
  return store.write(plan, shard.captureCheckpoint(plan.since), new AbortController().signal)
}

/** @returns a shard that holds the checkpoint */
export async function loadShard(
  store: CheckpointStore,
  manifest = store.kept()[0]
): Promise<ModelShard> {
  const shard = new ModelShard()
  if (manifest === undefined) throw new Error('there is no checkpoint')
  await store.load(manifest, {
    take: (bytes) => shard.loadCheckpoint(bytes),
    finish: () => shard.finishLoad()
  })
  return shard
}

/** @returns a shard with its schema and the points 0 to `points` - 1, each from a record of its own */
export async function shardWith(points: number): Promise<ModelShard> {
  const shard = new ModelShard()
  await applyRecord(shard, recordKinds.schema, [])
  await applyPoints(
    shard,
    Array.from({ length: points }, (_, id) => BigInt(id))
  )
  return shard
}

export async function applyPoints(shard: ModelShard, ids: readonly bigint[]): Promise<void> {
  for (const id of ids) await applyRecord(shard, recordKinds.upsert, [id])
}

export async function deletePoints(shard: ModelShard, ids: readonly bigint[]): Promise<void> {
  for (const id of ids) await applyRecord(shard, recordKinds.deletePoints, [id])
}

/** Applies one record at the shard's next offset. */
function applyRecord(shard: ModelShard, kind: number, ids: readonly bigint[]) {
  const sections = kind === recordKinds.schema ? [metaSection({ version: 1 })] : [idsSection(ids)]
  const frame = { kind, collectionId: 1n, schemaVersion: 1, count: ids.length, sections }
  const seal = { producerId: 1n, sequence: 1n, writerEpoch: 1 }
  const bytes = sealFrame(encodeFrame(frame, plainCrc32c), seal, plainCrc32c)
  const offset = shard.state().nextOffset
  return shard.apply({
    bytes,
    count: 1,
    offsets: BigUint64Array.of(offset),
    positions: Uint32Array.of(0),
    lengths: Uint32Array.of(bytes.byteLength),
    appendTimesMs: Float64Array.of(0),
    nextOffset: offset + 1n,
    endOffset: offset + 1n
  })
}
