/** Numbers in memory that all gateways share: a limit of the node is checked, and its stop seen, without a message. */

/** One cache line for the node and one for each gateway, so that they do not slow each other down. */
const cellsPerLine = 16
const cells = { requests: 0, connections: 1, serving: 2 } as const
const drainingCell = 0
const directoryCell = 1

type CountedThing = keyof typeof cells

export class GatewayCounts {
  readonly memory: SharedArrayBuffer
  private readonly cells: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.cells = new Int32Array(memory)
  }

  static forGateways(gateways: number): GatewayCounts {
    return new GatewayCounts(new SharedArrayBuffer((gateways + 1) * cellsPerLine * 4))
  }

  get gateways(): number {
    return this.cells.length / cellsPerLine - 1
  }

  /** From here on every gateway refuses new requests. */
  drain(): void {
    Atomics.store(this.cells, drainingCell, 1)
  }

  get isDraining(): boolean {
    return Atomics.load(this.cells, drainingCell) !== 0
  }

  /** Version of the newest directory that was sent to the gateways. */
  get directoryVersion(): number {
    return Atomics.load(this.cells, directoryCell)
  }

  announceDirectory(version: number): void {
    Atomics.store(this.cells, directoryCell, version)
  }

  add(gateway: number, thing: CountedThing, change: number): void {
    Atomics.add(this.cells, (gateway + 1) * cellsPerLine + cells[thing], change)
  }

  of(gateway: number, thing: CountedThing): number {
    return Atomics.load(this.cells, (gateway + 1) * cellsPerLine + cells[thing])
  }

  total(thing: CountedThing): number {
    let sum = 0
    for (let gateway = 0; gateway < this.gateways; gateway++) sum += this.of(gateway, thing)
    return sum
  }

  /** Takes connections from the others from now on, until it is reset. */
  serve(gateway: number): void {
    this.add(gateway, 'serving', 1)
  }

  /** Of `gateway` and those that serve, the one with the fewest connections. */
  leastBusy(gateway: number): number {
    let least = gateway
    for (let other = 0; other < this.gateways; other++) {
      const isFree = this.of(other, 'connections') < this.of(least, 'connections')
      if (isFree && this.of(other, 'serving') > 0) least = other
    }
    return least
  }

  /** Of a gateway that died: nobody counts its requests down any more. */
  reset(gateway: number): void {
    this.cells.fill(0, (gateway + 1) * cellsPerLine, (gateway + 2) * cellsPerLine)
  }
}
