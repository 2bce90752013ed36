import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { vi } from 'vitest'
import { type Node, systemClock } from '../../actors/index.ts'
import type { EmbeddedLog } from '../../streams/index.ts'
import { LogStory } from './log-story.ts'
import { type DiskImage, MemoryFiles, type TraceStep } from './memory-files.ts'
import { openLoadLog, runLoad, startLoadNode, upsertFrame } from './node-load.ts'
import { Random } from './random.ts'
import { StoryDigests, wrongInLog, wrongInNode } from './story-check.ts'

/** A load, the trace that it left on its disk, and what its users were told. */
export interface Recording {
  readonly seed: number
  readonly steps: readonly TraceStep[]
  readonly story: LogStory
  readonly digests: StoryDigests
  /** The disk at the end. */
  readonly image: DiskImage
}

/** Runs a load on a disk in memory. The same seed gives the same trace but for random ids in it. */
export async function recordLoad(seed: number, operations: number): Promise<Recording> {
  // Timers run only where the load says so.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const files = new MemoryFiles()
    const steps: TraceStep[] = []
    files.onStep = (step) => steps.push(step)
    const story = await runLoad({
      files,
      random: new Random(seed),
      operations,
      clock: systemClock,
      steps: () => steps.length,
      pause: async () => {
        await vi.advanceTimersByTimeAsync(20)
      }
    })
    return { seed, steps, story, digests: new StoryDigests(), image: files.image() }
  } finally {
    vi.useRealTimers()
  }
}

/** @returns the file that holds all of a recording from now on */
export function saveRecording({ seed, steps, story, image }: Recording): string {
  const file = join(tmpdir(), `millrace-crash-points-${seed}.trace`)
  writeFileSync(file, serialize({ seed, steps, lives: story.lives, image }))
  return file
}

export function loadRecording(file: string): Recording {
  const { seed, steps, lives, image } = deserialize(readFileSync(file))
  const story = new LogStory()
  story.lives.push(...lives)
  return { seed, steps, story, digests: new StoryDigests(), image }
}

/** Opens the log of an image. @returns what is wrong with it after a crash at `point` */
export async function checkStore(
  { story }: Recording,
  point: number,
  image: DiskImage
): Promise<string[]> {
  try {
    const log = await openLoadLog(new MemoryFiles(image))
    const wrong = await wrongInLog(log, story, point)
    await log.close()
    return wrong
  } catch (error) {
    return [`the log cannot be used: ${error}`]
  }
}

/** Opens an image, lets a node replay it and write to it. @returns what is wrong */
export async function checkNode(
  { story, digests }: Recording,
  point: number,
  image: DiskImage,
  random: Random
): Promise<string[]> {
  try {
    const files = new MemoryFiles(image)
    const log = await openLoadLog(files)
    const wrong = await wrongInLog(log, story, point)
    // Another producer than any of the load's, or its records would be taken for repeated ones.
    const node = await startLoadNode(log, { files, clock: systemClock, producerId: 1_000_000n })
    await becomesReady(node)
    wrong.push(...(await wrongInNode(node, log, digests, story)))
    wrong.push(...tornGraphs(node))
    wrong.push(...(await wrongAfterWrite(node, log, digests, story, random)))
    await node.stop()
    // What was written behind a repaired end must be found behind it again, here after a kill.
    if (random.chance(0.25)) wrong.push(...(await wrongAfterKill(log, files)))
    await log.close()
    return wrong
  } catch (error) {
    return [`the node cannot be used: ${error}`]
  }
}

/** A graph file has its name once it is whole: the checksums of all its sections were read at the start. */
function tornGraphs(node: Node): string[] {
  return node
    .describe()
    .flatMap(({ shards }) => shards.flatMap(({ checkpoint }) => checkpoint.damaged))
    .filter((text) => text.includes('.graph'))
}

async function wrongAfterKill(log: EmbeddedLog, files: MemoryFiles): Promise<string[]> {
  const again = await openLoadLog(new MemoryFiles(files.image()))
  const wrong: string[] = []
  for (const { topic, partitions } of await log.topics()) {
    for (let partition = 0; partition < partitions; partition++) {
      const { end } = await log.ends(topic, partition)
      const found = await again.ends(topic, partition)
      if (found.end !== end) wrong.push(`${topic}/${partition} ends at ${found.end}, not ${end}`)
    }
  }
  await again.close()
  return wrong
}

/** Writes to one shard of each collection, and sees that it goes on from the state that was found. */
async function wrongAfterWrite(
  node: Node,
  log: EmbeddedLog,
  digests: StoryDigests,
  story: LogStory,
  random: Random
): Promise<string[]> {
  for (const { id, generation, shards } of node.directory().collections.values()) {
    const shard = random.below(shards.length)
    const { applied } = node.writePort.submit({
      collectionId: id,
      generation,
      records: [{ shard, frame: upsertFrame(id, [1n, 2n, 3n], random) }]
    })
    const [outcome] = await applied
    if (outcome?.rejection !== undefined) return [`a write was rejected: ${outcome.rejection.code}`]
  }
  return wrongInNode(node, log, digests, story)
}

export async function becomesReady(node: Node): Promise<void> {
  for (let turn = 0; turn < 50_000; turn++) {
    if (node.isReady() && node.describe().every(({ state }) => state === 'ready')) return
    await new Promise(setImmediate)
  }
  throw new Error(`the node does not become ready: ${JSON.stringify(node.describe())}`)
}
