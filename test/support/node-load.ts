import {
  type Clock,
  NativeShard,
  type Node,
  startNode,
  type WriteGuard
} from '../../actors/index.ts'
import { specOfRequest } from '../../src/domain/collection.ts'
import type { PointId } from '../../src/domain/point-id.ts'
import type { WriteRecord } from '../../src/domain/ports.ts'
import {
  encodeFrame,
  idsSection,
  payloadEncodings,
  recordKinds,
  sectionKinds,
  vectorEncodings
} from '../../src/domain/record/index.ts'
import { crc32c } from '../../src/engine/index.ts'
import { toEngineError } from '../../src/errors/index.ts'
import { type EmbeddedLog, type FileLayer, openEmbeddedLog } from '../../streams/index.ts'
import { LogStory, toldLog } from './log-story.ts'
import { quiet } from './model-node.ts'
import type { Random } from './random.ts'

export const loadFolder = '/data/log'
export const rawTopic = 'raw'
const dimension = 3
/** Graphs from the first point on, so that graph files lie among the checkpoints. */
export const loadIndexes = [
  { slot: 1, links: 4, efConstruct: 16, thresholdBytes: 1, fullScanBytes: 0 }
] as const

/** Small files, so that few operations roll, trim and recycle them. */
export function openLoadLog(files: FileLayer): Promise<EmbeddedLog> {
  return openEmbeddedLog({
    folder: loadFolder,
    files,
    crc32c,
    segmentBytes: 8192,
    tailCacheBytes: 8192,
    spareFilesMax: 2
  })
}

export interface LoadNodeOptions {
  readonly files: FileLayer
  readonly clock: Clock
  readonly producerId: bigint
  readonly guard?: WriteGuard
  /** Default: never within a test. */
  readonly checkpointBytes?: number
  /** Whether it builds graphs. */
  readonly hasGraphs?: boolean
}

let runs = 0
/** Those with graphs, until their load ends. */
let engines: NativeShard[] = []

/** A node with native shards of its own, whatever other nodes this process runs. */
export function startLoadNode(log: EmbeddedLog, options: LoadNodeOptions): Promise<Node> {
  const { clock, producerId, guard, files, checkpointBytes = 1 << 30 } = options
  const run = ++runs
  return startNode({
    log,
    clock,
    logger: quiet,
    crc32c,
    producerId,
    ...(guard === undefined ? {} : { guard }),
    openEngine(key, collectionId, shard) {
      const indexes = options.hasGraphs === true ? loadIndexes : []
      const engine = new NativeShard(`${run}/${key}`, collectionId, shard, indexes)
      if (options.hasGraphs === true) engines.push(engine)
      return engine
    },
    checkpoints: {
      files,
      folder: '/data/shards',
      keep: 2,
      everyBytes: checkpointBytes,
      everyMs: 3_600_000,
      retentionBytes: 4096,
      partitionBytes: (topic, partition) =>
        log.stats().find((one) => one.topic === topic && one.partition === partition)?.bytes ?? 0,
      now: () => 1_700_000_000_000
    },
    limits: { collections: 100, aliases: 100, metadataBytes: 65_536 }
  })
}

export interface LoadOptions {
  readonly files: FileLayer
  readonly random: Random
  readonly operations: number
  readonly clock: Clock
  /** How far the trace of the disk is. */
  readonly steps: () => number
  /** Lets the time pass in which an idle partition marks its end. */
  readonly pause: () => Promise<void>
  /** Hears of operations that failed; without it the load ends with the first. */
  readonly onFailure?: (error: unknown) => void
}

/**
 * Works with a node as clients do: makes and deletes collections, writes and deletes points, several at
 * a time, restarts it; and uses a topic beside it whose old records it trims.
 */
export async function runLoad(options: LoadOptions): Promise<LogStory> {
  const { random } = options
  const story = new LogStory()
  let done = 0
  for (let life = 1n; done < options.operations; life++) {
    const { log, node } = await startRunning(options, story, life)
    const load = new Load(log, node, options)
    const createTopic = () => log.createTopic(rawTopic, { partitions: 1 })
    // Without it every use of the topic would fail, and how many there are is chance.
    if (!(await load.attempt(createTopic))) await load.attempt(createTopic)
    const share = Math.ceil(options.operations / 3)
    for (const end = Math.min(done + share, options.operations); done < end; ) {
      done += await load.step()
      graphsGrown()
      await checkpointsWritten(node)
      if (random.chance(0.1)) await options.pause()
    }
    await load.attempt(() => node.stop())
    engines = []
    await load.attempt(() => log.close())
  }
  return story
}

/** Starts log and node; what fails is tried again, as whoever runs a server would. */
async function startRunning(
  options: LoadOptions,
  story: LogStory,
  producerId: bigint
): Promise<{ readonly log: EmbeddedLog; readonly node: Node }> {
  for (let attempt = 1; ; attempt++) {
    let log: EmbeddedLog | undefined
    try {
      log = toldLog(await openLoadLog(options.files), story, options.steps)
      const { files, clock } = options
      const node = await startLoadNode(log, {
        files,
        clock,
        producerId,
        checkpointBytes: 4096,
        hasGraphs: true
      })
      return { log, node }
    } catch (error) {
      await log?.close().catch(options.onFailure)
      if (options.onFailure === undefined || attempt === 3) throw error
      // Whoever starts a server reads the reason, whatever its kind.
      options.onFailure(toEngineError(error))
    }
  }
}

/** The engine's threads build graphs when the system lets them: so that a load has graph files whoever else works. */
function graphsGrown(): void {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  const isGrowing = () => engines.some((engine) => engine.state().waitingVectors > 0)
  for (let turn = 0; turn < 100 && isGrowing(); turn++) Atomics.wait(pause, 0, 0, 1)
}

/** A checkpoint under way ends before the next step, so that few things happen at once and the same seed does the same. */
async function checkpointsWritten(node: Node): Promise<void> {
  const isWriting = () =>
    node
      .describe()
      .some(({ shards }) => shards.some(({ shardState }) => /capturing|writing/.test(shardState)))
  for (let turn = 0; turn < 10_000 && isWriting(); turn++) await new Promise(setImmediate)
}

interface LoadCollection {
  readonly name: string
  readonly id: bigint
  readonly generation: number
  readonly shards: number
}

class Load {
  readonly #log: EmbeddedLog
  readonly #node: Node
  readonly #options: LoadOptions
  #collectionsMade = 0

  constructor(log: EmbeddedLog, node: Node, options: LoadOptions) {
    this.#log = log
    this.#node = node
    this.#options = options
  }

  /** @returns how many operations it was */
  async step(): Promise<number> {
    const { random } = this.#options
    const collections = [...this.#node.directory().collections.values()]
    const roll = random.next()
    if (collections.length === 0 || (roll < 0.04 && collections.length < 4)) {
      await this.#create()
      return 1
    }
    const collection = random.pick(collections)
    if (roll < 0.06) {
      await this.attempt(() =>
        this.#node.controlPort.propose({ type: 'deleteCollection', name: collection.name })
      )
      return 1
    }
    if (roll < 0.2) return this.#useRawTopic()
    const { id, generation } = collection
    const target = { name: collection.name, id, generation, shards: collection.shards.length }
    const writes = 1 + random.below(4)
    await Promise.all(Array.from({ length: writes }, () => this.#write(target)))
    return writes
  }

  /** @returns whether it went well */
  async attempt(run: () => Promise<unknown>): Promise<boolean> {
    const { onFailure } = this.#options
    try {
      await run()
      return true
    } catch (error) {
      if (onFailure === undefined) throw error
      onFailure(error)
      return false
    }
  }

  async #create(): Promise<void> {
    const { random } = this.#options
    const spec = specOfRequest({
      vectors: { size: dimension, distance: random.pick(['Dot', 'Euclid'] as const) },
      shard_number: 1 + random.below(3)
    })
    const name = `collection ${this.#collectionsMade++}`
    await this.attempt(() =>
      this.#node.controlPort.propose({ type: 'createCollection', name, spec })
    )
  }

  async #write(collection: LoadCollection): Promise<void> {
    const { random } = this.#options
    const records = Array.from({ length: 1 + random.below(2) }, (): WriteRecord => {
      const ids = Array.from({ length: 1 + random.below(6) }, () => idOf(random.below(60)))
      const frame = random.chance(0.3)
        ? deleteFrame(collection.id, ids)
        : upsertFrame(collection.id, ids, random)
      return { shard: random.below(collection.shards), frame }
    })
    await this.attempt(async () => {
      const { durable, applied } = this.#node.writePort.submit({
        collectionId: collection.id,
        generation: collection.generation,
        records
      })
      await durable
      await applied
    })
  }

  async #useRawTopic(): Promise<number> {
    const { random } = this.#options
    const writes = 1 + random.below(4)
    const appends = Array.from({ length: writes }, () => {
      const record = new Uint8Array(1 + random.below(1500)).fill(random.below(256))
      return this.attempt(() => this.#log.append(rawTopic, 0, [record]))
    })
    await Promise.all(appends)
    if (random.chance(0.3)) {
      await this.attempt(async () => {
        const { start, end } = await this.#log.ends(rawTopic, 0)
        const before = start + BigInt(random.below(Number(end - start) + 1))
        await this.#log.trimBefore(rawTopic, 0, before)
      })
    }
    return writes
  }
}

/** Every third one is a UUID. */
function idOf(number: number): PointId {
  if (number % 3 > 0) return BigInt(number)
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
}

export function deleteFrame(collectionId: bigint, ids: readonly PointId[]): Uint8Array {
  const sections = [idsSection(ids)]
  const kind = recordKinds.deletePoints
  return encodeFrame({ kind, collectionId, schemaVersion: 1, count: ids.length, sections }, crc32c)
}

export function upsertFrame(
  collectionId: bigint,
  ids: readonly PointId[],
  random: Random
): Uint8Array {
  const count = ids.length
  const vectors = Float32Array.from({ length: count * dimension }, () => random.next())
  const texts = ids.map(() => `{"a":${random.below(1000)},"b":"${'x'.repeat(random.below(80))}"}`)
  const offsets = new Uint32Array(count + 1)
  texts.forEach((text, row) => {
    offsets[row + 1] = (offsets[row] ?? 0) + text.length
  })
  const payload = Buffer.concat([Buffer.from(offsets.buffer), Buffer.from(texts.join(''))])
  const sections = [
    idsSection(ids),
    {
      kind: sectionKinds.vectors,
      encoding: vectorEncodings.f32,
      slot: 1,
      rows: count,
      bytes: new Uint8Array(vectors.buffer)
    },
    {
      kind: sectionKinds.payload,
      encoding: payloadEncodings.json,
      slot: 0,
      rows: count,
      bytes: new Uint8Array(payload)
    }
  ]
  const kind = recordKinds.upsert
  return encodeFrame({ kind, collectionId, schemaVersion: 1, count, sections }, crc32c)
}
