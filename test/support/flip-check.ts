import { NativeShard, systemClock } from '../../actors/index.ts'
import { type CheckpointManifest, CheckpointStore } from '../../src/checkpoint/index.ts'
import { crc32c } from '../../src/engine/index.ts'
import { EngineError, isEngineError } from '../../src/errors/index.ts'
import type { EmbeddedLog } from '../../streams/index.ts'
import type { LogStory } from './log-story.ts'
import { type DiskImage, MemoryFiles } from './memory-files.ts'
import { loadIndexes, openLoadLog, startLoadNode } from './node-load.ts'
import { StoryDigests, wrongInLog, wrongInShard } from './story-check.ts'

/** Found out (refused, or set aside), without consequence, or what is wrong. */
export type Verdict = 'detected' | 'harmless' | { readonly wrong: string }

const steps = Number.MAX_SAFE_INTEGER

/** Opens a log and reads all of it. @param topics  those that the image is cut down to */
export async function verdictOfLog(
  image: DiskImage,
  story: LogStory,
  topics: ReadonlySet<string>
): Promise<Verdict> {
  let log: EmbeddedLog | undefined
  try {
    log = await openLoadLog(new MemoryFiles(image))
    const wrong = await wrongInLog(log, story, steps, topics)
    return wrong[0] === undefined ? 'harmless' : { wrong: wrong[0] }
  } catch (error) {
    return verdictOfError(error)
  } finally {
    await log?.close()
  }
}

let shards = 0

/** Loads every kept checkpoint of a shard and its graphs, as recovery and rebuilds may. @param digests  by offset */
export async function verdictOfCheckpoints(
  image: DiskImage,
  folder: string,
  digests: readonly string[]
): Promise<Verdict> {
  const damage: EngineError[] = []
  try {
    const store = await CheckpointStore.open({
      files: new MemoryFiles(image),
      folder,
      crc32c,
      now: () => 0,
      onDamage: (error) => damage.push(error)
    })
    for (const manifest of store.kept()) {
      const wrong = await wrongInCheckpoint(store, manifest, folder, digests)
      if (wrong !== undefined) return { wrong }
    }
    return damage[0] === undefined ? 'harmless' : verdictOfError(damage[0])
  } catch (error) {
    return verdictOfError(error)
  }
}

async function wrongInCheckpoint(
  store: CheckpointStore,
  manifest: CheckpointManifest,
  folder: string,
  digests: readonly string[]
): Promise<string | undefined> {
  const [, id = '0', shard = '0'] = /c(\d+)\.g\d+\/(\d+)$/.exec(folder) ?? []
  const engine = new NativeShard(`flip ${++shards}`, BigInt(id), Number(shard), loadIndexes)
  try {
    await store.load(manifest, {
      take: (bytes) => engine.loadCheckpoint(bytes),
      async finish() {
        await store.graphs.load({
          take: (bytes) => engine.loadGraphs(bytes),
          finish: () => engine.finishGraphs()
        })
        await engine.finishLoad()
      }
    })
    const { nextOffset, digest } = engine.state()
    const expected = digests[Number(nextOffset) - 1]
    return digest === expected ? undefined : `digest ${digest} at ${nextOffset}, not ${expected}`
  } finally {
    engine.close()
  }
}

/** Starts a node on the whole store: what it serves must be right. */
export async function verdictOfNode(image: DiskImage, story: LogStory): Promise<Verdict> {
  const files = new MemoryFiles(image)
  let log: EmbeddedLog | undefined
  let node: Awaited<ReturnType<typeof startLoadNode>> | undefined
  try {
    log = await openLoadLog(files)
    node = await startLoadNode(log, {
      files,
      clock: systemClock,
      producerId: 1_000_000n,
      hasGraphs: true
    })
    const isDecided = () =>
      node
        ?.describe()
        .every(({ shards: list }) =>
          list.every(
            ({ replica, shardState }) => /dead/.test(replica) || /running/.test(shardState)
          )
        )
    for (let turn = 0; turn < 5000 && !isDecided(); turn++) await new Promise(setImmediate)
    let verdict: Verdict = 'harmless'
    for (const { id, shards: list } of node.describe()) {
      for (const one of list) {
        if (one.checkpoint.damaged.length > 0) verdict = 'detected'
        if (/dead/.test(one.replica)) {
          if (!/\.(log|ckpt|manifest|json)/.test(one.lastError ?? ''))
            return { wrong: `a dead replica names no file: ${one.lastError}` }
          verdict = 'detected'
          continue
        }
        const wrong = await wrongInShard(log, `c${id}.g0`, one, new StoryDigests(), story)
        if (wrong[0] !== undefined) return { wrong: wrong[0] }
      }
    }
    return verdict
  } catch (error) {
    return verdictOfError(error)
  } finally {
    await node?.stop()
    await log?.close()
  }
}

/** A refusal must say which file is damaged, and where. */
function verdictOfError(error: unknown): Verdict {
  const isRefusal =
    isEngineError(error, 'MILLRACE_LOG_CORRUPT') ||
    isEngineError(error, 'MILLRACE_LOG_FORMAT_NEWER') ||
    isEngineError(error, 'MILLRACE_CHECKPOINT_CORRUPT') ||
    isEngineError(error, 'MILLRACE_GRAPH_CORRUPT') ||
    isEngineError(error, 'MILLRACE_CHECKPOINT_FORMAT_NEWER')
  if (isRefusal && typeof error.details['file'] === 'string') return 'detected'
  return { wrong: error instanceof EngineError ? `${error.code}: ${error.message}` : String(error) }
}
