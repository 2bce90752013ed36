/** What the simulation has seen and must hold. */
import type { SimShard } from './sim-shard.ts'

/** A write that a client was told is in the log. */
export interface Acknowledged {
  readonly collectionId: bigint
  readonly shard: number
  readonly offset: bigint
  readonly operation: string
}

/** What a read was answered. */
export interface Observed {
  readonly collectionId: bigint
  readonly shard: number
  readonly id: number
  readonly node: string
  /** The offset before which the state was read. */
  readonly nextOffset: number
  readonly value: string | null
  /** The read had to see this offset. */
  readonly after: bigint | undefined
}

export class Ledger {
  readonly acknowledged: Acknowledged[] = []
  readonly observed: Observed[] = []
  readonly violations: string[] = []
  readonly #digests = new Map<string, { readonly digest: string; readonly node: string }>()

  /** P6: replicas at one offset have one digest, in whatever life of whichever node they came to it. */
  noteState(node: string, key: string, shard: SimShard): void {
    const digest = shard.digest()
    const at = `${key}@${shard.nextOffset}`
    const before = this.#digests.get(at)
    if (before === undefined) this.#digests.set(at, { digest, node })
    else if (before.digest !== digest)
      this.fail(`P6 ${at}: ${node} has ${digest}, ${before.node} had ${before.digest}`)
  }

  fail(violation: string): void {
    if (this.violations.length < 20) this.violations.push(violation)
  }
}
