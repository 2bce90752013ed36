import { type Node, startNode } from '../../actors/index.ts'
import { requireServing, shardKeyOf } from '../../src/domain/directory.ts'
import type { ControlCommand, ControlVerdict, RecordOutcome } from '../../src/domain/ports.ts'
import { EngineError } from '../../src/errors/index.ts'
import { crc32c } from '../../streams/index.ts'
import { FaultyFiles } from '../support/faulty-files.ts'
import { quiet } from '../support/model-node.ts'
import type { Random } from '../support/random.ts'
import { hostFiles } from './host-files.ts'
import { LogClient } from './log-client.ts'
import { Host } from './scheduler.ts'
import { encodeWrite } from './sim-record.ts'
import { SimShard } from './sim-shard.ts'
import type { World } from './world.ts'

export interface WriteCall {
  readonly collection: string
  readonly operation: string
  readonly ids: readonly number[]
  readonly value: string | null
  readonly wait: boolean
}

export interface WriteReply {
  readonly collectionId: bigint
  readonly places: readonly {
    readonly id: number
    readonly shard: number
    readonly offset: bigint
  }[]
}

export interface ReadCall {
  readonly collection: string
  readonly id: number
  readonly after: { readonly collectionId: bigint; readonly offset: bigint } | undefined
}

export interface ReadReply {
  readonly collectionId: bigint
  readonly shard: number
  readonly nextOffset: number
  readonly point: { readonly offset: number; readonly value: string | null } | undefined
}

const restartAfterMs = 400
const reachMs = 1_500

/** A computer with a disk, and the process of a node on it: killed, paused and started again. */
export class SimNode {
  readonly name: string
  readonly #world: World
  readonly #random: Random
  readonly #disk = new FaultyFiles()
  #host: Host
  #node: Node | undefined
  #shards = new Map<string, SimShard>()
  /** Share of the calls of the disk that fail. */
  diskErrorRate = 0

  private constructor(world: World, name: string, random: Random) {
    this.name = name
    this.#world = world
    this.#random = random
    this.#host = new Host(world.scheduler, name)
    this.#disk.onCall = (call) => {
      const isWrite = call === 'write' || call === 'sync' || call === 'syncData'
      if (!isWrite || this.diskErrorRate === 0 || !random.chance(this.diskErrorRate))
        return undefined
      return call === 'write' ? { errno: 'ENOSPC', partialBytes: 3 } : { errno: 'EIO' }
    }
  }

  static async install(world: World, name: string, random: Random): Promise<SimNode> {
    const node = new SimNode(world, name, random)
    await node.#disk.makeFolder('/data')
    await node.#disk.syncFolder('')
    return node
  }

  get host(): Host {
    return this.#host
  }

  get node(): Node | undefined {
    return this.#node
  }

  get isUp(): boolean {
    return this.#host.isAlive
  }

  shard(key: string): SimShard | undefined {
    return this.#shards.get(key)
  }

  start(): void {
    const { scheduler, log: service, network, checkpoints } = this.#world
    const host = new Host(scheduler, this.name)
    this.#host = host
    this.#shards = new Map()
    this.#node = undefined
    const log = new LogClient({ service, network, scheduler, host })
    const life = startNode({
      log,
      clock: host,
      logger: quiet,
      crc32c,
      producerId: this.#world.nextProducer(),
      openEngine: (key) => this.#openShard(key, host),
      checkpoints: {
        files: hostFiles(this.#disk, host, scheduler, this.#random),
        folder: '/data/shards',
        keep: 2,
        retentionBytes: 0,
        partitionBytes: () => 0,
        now: () => 1_700_000_000_000 + scheduler.nowMs,
        ...checkpoints
      },
      limits: { collections: 100 },
      snapshotEvery: this.#world.snapshotEvery
    })
    const onFailed = (cause: unknown) => {
      if (this.#host !== host || !host.isAlive) return
      this.#world.trace(`${this.name} fails: ${String(cause)}`)
      this.kill(true)
      scheduler.at(restartAfterMs, undefined, `restart ${this.name}`, () => {
        if (!this.isUp) this.start()
      })
    }
    life.then((node) => {
      if (this.#host !== host) return
      this.#node = node
      node.failed.catch(onFailed)
    }, onFailed)
  }

  #openShard(key: string, host: Host): SimShard {
    const shard = new SimShard((applied) => {
      const [name = key] = key.split('#')
      const [topic = name] = name.split('/')
      // What comes of a deleted collection on its way out is no state of anything.
      if (!host.isAlive || this.#world.log.deletedTopics.has(topic)) return
      this.#world.ledger.noteState(this.name, name, applied)
    })
    if (!key.includes('#')) this.#shards.set(key, shard)
    return shard
  }

  /** @param keepsCache  the process ends and the system goes on; else the power fails */
  kill(keepsCache: boolean): void {
    this.#host.kill()
    this.#node = undefined
    this.#shards = new Map()
    const random = this.#random
    if (keepsCache) this.#disk.crash(() => 1)
    else
      this.#disk.crash(
        () => random.next(),
        () => random.chance(0.5)
      )
  }

  /** Stops in order, and is down afterwards. */
  stop(): void {
    const host = this.#host
    const end = () => {
      if (this.#host === host && host.isAlive) this.kill(true)
    }
    if (this.#node === undefined) end()
    else this.#node.stop().then(end, end)
  }

  async write(call: WriteCall): Promise<WriteReply> {
    const node = this.#running()
    const view = requireServing(this.#view(node, call.collection))
    const { id: collectionId, generation, shards } = view
    const byShard = new Map<number, number[]>()
    for (const id of call.ids) {
      const shard = id % shards.length
      byShard.set(shard, [...(byShard.get(shard) ?? []), id])
    }
    // One record for each point, so that an append has several; their offsets come in this order.
    const points = [...byShard].flatMap(([shard, ids]) => ids.map((id) => ({ shard, id })))
    const records = points.map(({ shard, id }) => {
      const operation = `${call.operation}/${id}`
      return {
        shard,
        frame: encodeWrite({ collectionId, operation, ids: [id], value: call.value })
      }
    })
    const answers = call.wait ? 'applied' : 'durable'
    const request = { collectionId, generation, records, answers } as const
    const { durable, applied } = node.writePort.submit(request)
    const offsets = call.wait ? accepted(await applied) : await durable
    const places = points.map((point, index) => ({
      ...point,
      offset: offsets[index]?.offset ?? -1n
    }))
    return { collectionId, places }
  }

  async read({ collection, id, after }: ReadCall): Promise<ReadReply> {
    const node = this.#running()
    const { id: collectionId, generation } = this.#view(node, collection)
    const shard = id % this.#view(node, collection).shards.length
    if (after?.collectionId === collectionId) {
      const { offset } = after
      const request = { collectionId, generation, shard, offset, timeoutMs: reachMs }
      const lagRecords = await node.barrier.reach(request)
      if (lagRecords !== undefined)
        throw new EngineError('MILLRACE_SHARD_RECOVERING', { shard, lagRecords })
    }
    requireServing(this.#view(node, collection))
    const found = this.shard(shardKeyOf(collectionId, generation, shard))
    if (found === undefined) throw new EngineError('MILLRACE_NODE_DRAINING')
    const row = found.get(id)
    const point = row && { offset: row.version, value: row.value }
    return { collectionId, shard, nextOffset: found.nextOffset, point }
  }

  propose(command: ControlCommand): Promise<ControlVerdict> {
    return this.#running().controlPort.propose(command)
  }

  #running(): Node {
    if (this.#node === undefined) throw new EngineError('MILLRACE_NODE_DRAINING')
    return this.#node
  }

  #view(node: Node, collection: string) {
    const view = node.directory().collections.get(collection)
    if (view === undefined) throw new EngineError('MILLRACE_COLLECTION_NOT_FOUND', { collection })
    return view
  }
}

/** @throws the rejection of the first record that apply rejected */
function accepted(outcomes: readonly RecordOutcome[]): readonly RecordOutcome[] {
  const rejected = outcomes.find(({ rejection }) => rejection !== undefined)?.rejection
  if (rejected !== undefined) throw new EngineError(rejected.code, rejected.details)
  return outcomes
}
