import { specOfRequest } from '../../src/domain/collection.ts'
import type { ControlVerdict } from '../../src/domain/ports.ts'
import { Random } from '../support/random.ts'
import { Host } from './scheduler.ts'
import type { SimNode } from './sim-node.ts'
import type { World } from './world.ts'

const callTimeoutMs = 8_000
const collections = ['a', 'b'] as const
const idsEnd = 10

interface Token {
  readonly collectionId: bigint
  readonly offset: bigint
}

/** Writes, reads what it has written through any node, and creates and deletes collections, one call at a time. */
export class SimClient {
  readonly name: string
  readonly #world: World
  readonly #random: Random
  readonly #host: Host
  /** By collection and point: what the last acknowledged write of this client told. */
  readonly #tokens = new Map<string, Token>()
  #operations = 0
  answered = 0
  refused = 0
  isDone = false

  constructor(world: World, name: string, seed: number) {
    this.#world = world
    this.name = name
    this.#random = new Random(seed)
    this.#host = new Host(world.scheduler, name)
  }

  /** Stops by itself after so many calls. */
  async run(calls: number): Promise<void> {
    for (let call = 0; call < calls; call++) {
      await this.#world.scheduler.wait(this.#random.next() * 300, this.#host, 'think')
      const draw = this.#random.next()
      if (draw < 0.5) await this.#write()
      else if (draw < 0.92) await this.#read()
      else if (draw < 0.96) await this.#changeCollections()
      else await this.#rebuild()
    }
    this.isDone = true
  }

  /** Makes the collections that the run begins with. */
  async create(): Promise<void> {
    for (const name of collections) {
      for (let attempt = 0; attempt < 20; attempt++) {
        // Nodes may still be starting, and an answer may be lost: an existing collection is as good as a new one.
        if ((await this.#create(name)) !== undefined) break
        await this.#world.scheduler.wait(300, this.#host, 'create again')
      }
    }
  }

  async #create(name: string): Promise<ControlVerdict | undefined> {
    const shards = 1 + this.#random.below(2)
    const spec = specOfRequest({
      vectors: { size: 1, distance: 'Dot' },
      shard_number: shards,
      // Few points are enough to be vacuumed, so that segments are built and swapped all the while.
      optimizers_config: { vacuum_min_vector_number: 2, deleted_threshold: 0.2 }
    })
    return this.#ask('create', (node) => node.propose({ type: 'createCollection', name, spec }))
  }

  async #changeCollections(): Promise<void> {
    const name = this.#random.pick(collections)
    if (this.#random.chance(0.4)) {
      await this.#ask('delete', (node) => node.propose({ type: 'deleteCollection', name }))
    }
    await this.#create(name)
  }

  async #rebuild(): Promise<void> {
    const report = await this.#ask('rebuild', async (node) =>
      node.node?.rebuildShard(this.#random.pick(collections), 0)
    )
    if (report?.equal === false) this.#world.ledger.fail('P6 a rebuilt shard differs')
  }

  async #write(): Promise<void> {
    const { ledger } = this.#world
    this.#operations += 1
    const operation = `${this.name}.${this.#operations}`
    const collection = this.#random.pick(collections)
    const ids = Array.from({ length: 1 + this.#random.below(3) }, () => this.#random.below(idsEnd))
    const distinct = [...new Set(ids)]
    const value = this.#random.chance(0.2) ? null : operation
    const wait = this.#random.chance(0.5)
    const reply = await this.#ask('write', (node) =>
      node.write({ collection, operation, ids: distinct, value, wait })
    )
    if (reply === undefined) return
    const { collectionId } = reply
    for (const { id, shard, offset } of reply.places) {
      ledger.acknowledged.push({ collectionId, shard, offset, operation: `${operation}/${id}` })
      this.#tokens.set(`${collection}/${id}`, { collectionId, offset })
    }
  }

  async #read(): Promise<void> {
    const collection = this.#random.pick(collections)
    const id = this.#random.below(idsEnd)
    const after = this.#tokens.get(`${collection}/${id}`)
    let node = ''
    const reply = await this.#ask('read', (asked) => {
      node = asked.name
      return asked.read({ collection, id, after })
    })
    if (reply === undefined) return
    const mustSee = after?.collectionId === reply.collectionId ? after.offset : undefined
    this.#world.ledger.observed.push({ ...reply, id, node, after: mustSee })
  }

  /** A request and its answer over the network. @returns undefined when it was refused, or nothing came back in time */
  #ask<Reply>(
    label: string,
    handle: (node: SimNode) => Promise<Reply>
  ): Promise<Reply | undefined> {
    const { network, nodes, scheduler } = this.#world
    const node = this.#random.pick(nodes)
    const host = this.#host
    return new Promise((resolve) => {
      const settle = (reply: Reply | undefined) => {
        cancel()
        resolve(reply)
      }
      const cancel = scheduler.at(callTimeoutMs, host, `${label} timeout`, () => settle(undefined))
      const server = node.host
      network.send(this.name, server, `${label} request`, () => {
        const handling = new Promise<Reply>((begin) => begin(handle(node)))
        handling.then(
          (reply) =>
            network.send(node.name, host, `${label} answer`, () => {
              this.answered += 1
              settle(reply)
            }),
          (cause: unknown) =>
            network.send(node.name, host, `${label} refused: ${String(cause)}`, () => {
              this.refused += 1
              settle(undefined)
            })
        )
      })
    })
  }
}
