import { Random } from '../support/random.ts'
import { Ledger } from './ledger.ts'
import { LogService } from './log-service.ts'
import { Network } from './network.ts'
import { Scheduler } from './scheduler.ts'
import { SimClient } from './sim-client.ts'
import { SimNode } from './sim-node.ts'
import { hashText } from './sim-shard.ts'

/** Nodes, their log, their clients and the network between them, all in one process and one virtual time. */
export class World {
  readonly scheduler: Scheduler
  readonly network: Network
  readonly log: LogService
  readonly ledger = new Ledger()
  readonly nodes: SimNode[] = []
  readonly clients: SimClient[] = []
  readonly checkpoints: { readonly everyBytes: number; readonly everyMs: number }
  readonly snapshotEvery: number
  isMended = false
  /** Of everything that happened, in order. */
  traceHash = 0
  readonly lines: string[] = []
  readonly #keepsLines: boolean
  #producers = 0n

  private constructor(seed: number, random: Random, keepsLines: boolean) {
    this.#keepsLines = keepsLines
    this.scheduler = new Scheduler((line) => this.trace(line))
    this.network = new Network(this.scheduler, new Random(seed ^ 0x1111))
    this.log = new LogService(this.scheduler, new Random(seed ^ 0x2222), seed)
    this.snapshotEvery = random.pick([1, 3, 1_000])
    this.checkpoints = {
      everyBytes: random.pick([2_000, 10_000, 1 << 30]),
      everyMs: random.pick([2_000, 20_000, 3_600_000])
    }
  }

  static async of(seed: number, random: Random, keepsLines: boolean): Promise<World> {
    const world = new World(seed, random, keepsLines)
    const nodes = 1 + random.below(3)
    for (let index = 0; index < nodes; index++)
      world.nodes.push(
        await SimNode.install(world, `node${index}`, new Random(seed + 1_000 + index))
      )
    for (let index = 0; index < 2; index++)
      world.clients.push(new SimClient(world, `client${index}`, seed + 2_000 + index))
    return world
  }

  nextProducer(): bigint {
    this.#producers += 1n
    return this.#producers
  }

  trace(line: string): void {
    this.traceHash = hashText(`${this.traceHash} ${line}`)
    if (this.#keepsLines) this.lines.push(line)
  }
}
