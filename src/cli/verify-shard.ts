/** Recomputes the state of one shard in every way that its checkpoints and its log allow, and compares digests. */
import { join } from 'node:path'
import { nodeFiles, readInspected } from '../../streams/index.ts'
import {
  type CheckpointManifest,
  inspectCheckpoints,
  manifestName,
  readCheckpoint,
  readGraphFile
} from '../checkpoint/index.ts'
import {
  applyRecords,
  closeShard,
  crc32c,
  finishCheckpointLoad,
  finishGraphLoad,
  loadCheckpointBytes,
  loadGraphBytes,
  openShard,
  type ShardHandle,
  shardState
} from '../engine/index.ts'
import { type CheckedPartition, count, reasonOf } from './log-check.ts'
import type { Progress } from './progress.ts'

export interface ShardVerdict {
  readonly lines: readonly string[]
  readonly faults: readonly string[]
}

/** A state that was computed: by loading `origin` and replaying the log from there. */
interface Finding {
  readonly origin: string
  readonly offset: bigint
  readonly digest: string
}

/**
 * @param folder  of the shard's checkpoints; it need not exist
 * @param log     what was found of its partition; undefined when the log has none
 */
export async function verifyShard(options: {
  readonly name: string
  readonly folder: string
  readonly collectionId: bigint
  readonly shard: number
  readonly log: CheckedPartition | undefined
  readonly progress: Progress
}): Promise<ShardVerdict> {
  const { name, folder, log } = options
  const {
    manifests,
    faults: broken,
    graphs,
    leftovers
  } = await inspectCheckpoints(nodeFiles, folder, crc32c)
  const faults = broken.map((error) => `DAMAGED  ${reasonOf(error)}`)
  const lines = leftovers.map(
    (file) => `  note     ${join(folder, file)} is no part of a checkpoint`
  )
  const findings: Finding[] = []

  const origins: (CheckpointManifest | undefined)[] = [...manifests]
  // The log from its start on is the one thing that no checkpoint can have made wrong.
  if (log !== undefined && log.start === 0n && log.records > 0) origins.unshift(undefined)
  for (const origin of origins) {
    try {
      const found = await follow(options, origin, manifests)
      findings.push(...found)
      lines.push(describe(name, origin, found))
    } catch (cause) {
      faults.push(`DAMAGED  ${reasonOf(cause)}`)
    }
  }
  for (const graph of graphs) {
    try {
      lines.push(await checkGraphs(options, graph, manifests.at(-1)))
    } catch (cause) {
      faults.push(`DAMAGED  ${reasonOf(cause)}`)
    }
  }
  faults.push(...differences(folder, manifests, findings))
  if (log !== undefined) faults.push(...outside(folder, manifests, log))
  // A file of several checkpoints is found damaged with each of them.
  return { lines, faults: [...new Set(faults)] }
}

function describe(
  name: string,
  origin: CheckpointManifest | undefined,
  found: readonly Finding[]
): string {
  const last = found.at(-1)
  const files =
    origin === undefined ? '' : ` (${origin.files.length} files, ${count(origin.liveRows)} points)`
  return `${name}  from ${nameOf(origin)}${files}  digest ${last?.digest} at offset ${last?.offset}`
}

function nameOf(origin: CheckpointManifest | undefined): string {
  return origin === undefined ? 'the log’s start' : `the checkpoint of offset ${origin.nextOffset}`
}

/** Loads a state, replays the log from there, and notes the digest at each checkpoint that it passes, and at the end. */
async function follow(
  { name, folder, collectionId, shard, log, progress }: Parameters<typeof verifyShard>[0],
  origin: CheckpointManifest | undefined,
  manifests: readonly CheckpointManifest[]
): Promise<Finding[]> {
  const key = `verify#${name}`
  const handle = openShard(key, collectionId, shard)
  try {
    const found: Finding[] = []
    const note = () => {
      const { nextOffset: offset, digest } = shardState(handle)
      found.push({ origin: nameOf(origin), offset, digest })
    }
    if (origin !== undefined) {
      progress.say(() => `${name}: loading ${nameOf(origin)}`)
      await load(handle, origin, folder)
      note()
    }
    if (log?.inspected === undefined) return found
    const from = origin?.nextOffset ?? 0n
    if (from < log.start || from > log.end) return found
    const stops = manifests.map(({ nextOffset }) => nextOffset).filter((one) => one > from)
    for await (const batch of readInspected(log.inspected, from)) {
      let at = 0
      for (const stop of [...stops, batch.nextOffset]) {
        const end = batch.offsets.findIndex((offset) => offset >= stop)
        const next = end < 0 ? batch.count : end
        if (next > at) {
          await replay(handle, batch, at, next)
          at = next
        }
        if (stops.includes(stop) && shardState(handle).nextOffset === stop) note()
      }
      progress.say(
        () => `${name}: replayed to offset ${batch.nextOffset} of ${log.end} from ${nameOf(origin)}`
      )
    }
    if (found.at(-1)?.offset !== shardState(handle).nextOffset) note()
    return found
  } finally {
    closeShard(key)
  }
}

/** Reads a graph file for the newest checkpoint, with which a start would use it. */
async function checkGraphs(
  { name, folder, collectionId, shard }: Parameters<typeof verifyShard>[0],
  graph: string,
  newest: CheckpointManifest | undefined
): Promise<string> {
  const key = `verify#${name}#graphs`
  const handle = openShard(key, collectionId, shard)
  const target = {
    take: (bytes: Uint8Array) => loadGraphBytes(handle, bytes),
    finish: () => finishGraphLoad(handle)
  }
  try {
    let vectors = 0
    if (newest === undefined) return `${name}  ${graph} stands beside no checkpoint`
    await load(handle, newest, folder, async () => {
      vectors = await readGraphFile({ files: nodeFiles, folder }, graph, target)
    })
    return `${name}  ${graph} is whole, and leads to ${count(vectors)} vectors of ${nameOf(newest)}`
  } finally {
    closeShard(key)
  }
}

async function load(
  handle: ShardHandle,
  origin: CheckpointManifest,
  folder: string,
  beforeEnd: () => Promise<void> = async () => {}
): Promise<void> {
  const target = {
    take: (bytes: Uint8Array) => loadCheckpointBytes(handle, bytes),
    async finish() {
      await beforeEnd()
      await finishCheckpointLoad(handle)
    }
  }
  await readCheckpoint(origin, target, { files: nodeFiles, folder, crc32c })
}

async function replay(
  handle: ShardHandle,
  batch: Parameters<typeof applyRecords>[1],
  from: number,
  to: number
): Promise<void> {
  const { stop } = await applyRecords(handle, {
    bytes: batch.bytes,
    positions: batch.positions.subarray(from, to),
    lengths: batch.lengths.subarray(from, to),
    offsets: batch.offsets.subarray(from, to),
    appendTimesMs: batch.appendTimesMs.subarray(from, to),
    count: to - from
  })
  if (stop !== null) throw stop
}

/** Compares every computed digest with what the manifest of that offset says, and those of one offset with each other. */
function differences(
  folder: string,
  manifests: readonly CheckpointManifest[],
  findings: readonly Finding[]
): string[] {
  const claimed = new Map<bigint, Finding>(
    manifests.map(({ nextOffset: offset, digest }) => {
      const origin = join(folder, manifestName(offset))
      return [offset, { origin, offset, digest }]
    })
  )
  return findings.flatMap((found) => {
    const expected = claimed.get(found.offset)
    if (expected === undefined) claimed.set(found.offset, found)
    if (expected === undefined || expected.digest === found.digest) return []
    return [
      `DIFFERS  at offset ${found.offset} the state from ${found.origin} has digest ${found.digest}, that from ${expected.origin} has ${expected.digest}`
    ]
  })
}

function outside(
  folder: string,
  manifests: readonly CheckpointManifest[],
  { start, end }: CheckedPartition
): string[] {
  return manifests
    .filter(({ nextOffset }) => nextOffset < start || nextOffset > end)
    .map(
      ({ nextOffset }) =>
        `DIFFERS  ${join(folder, manifestName(nextOffset))} is outside of the log (offsets ${start} to ${end})`
    )
}
