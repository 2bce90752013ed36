import { randomUUID } from 'node:crypto'
import type { CapturedState } from '../src/checkpoint/index.ts'
import type { ShardAddress, TransferSnapshot, TransferSource } from '../src/domain/transfer.ts'
import { EngineError } from '../src/errors/index.ts'
import type { Clock } from './clock.ts'
import type { ActorLogger } from './logger.ts'

/** A frame takes near 4 MiB, and both ends hold one chunk. */
const chunkBytesMax = 4 << 20
/** Each holds the memory of a state that may since have been replaced. */
const snapshotsMax = 2
/** Who asks for nothing for so long has gone. */
const idleMsMax = 60_000

/** A replica whose state may be given to others. */
export interface TransferableReplica {
  /** @returns undefined while the replica is not whole */
  wholeOffset(): bigint | undefined
  /** Takes hold of its state between two applies. */
  capture(): Promise<CapturedState>
}

export interface TransferSourceOptions {
  readonly replicaOf: (shard: ShardAddress) => TransferableReplica | undefined
  readonly clock: Clock
  readonly logger: ActorLogger
}

interface Held {
  readonly state: CapturedState
  readonly shard: ShardAddress
  /** The chunk that was given last, in case that it did not arrive. */
  last: { readonly sequence: number; readonly chunk: Promise<Uint8Array | undefined> } | undefined
  cancelIdle: () => void
}

/** Gives the states of this node's shards to other nodes. */
export class LocalTransferSource implements TransferSource {
  readonly #options: TransferSourceOptions
  readonly #held = new Map<string, Held>()
  #beginning = 0

  constructor(options: TransferSourceOptions) {
    this.#options = options
  }

  offer(shard: ShardAddress): { readonly nextOffset: bigint } | undefined {
    const nextOffset = this.#options.replicaOf(shard)?.wholeOffset()
    return nextOffset === undefined ? undefined : { nextOffset }
  }

  async begin(address: ShardAddress): Promise<TransferSnapshot> {
    const { shard } = address
    const replica = this.#options.replicaOf(address)
    if (replica?.wholeOffset() === undefined) {
      throw failed(shard, 'the node that was asked does not have it whole')
    }
    if (this.#held.size + this.#beginning >= snapshotsMax) {
      throw failed(shard, `the node that was asked gives ${snapshotsMax} others already`)
    }
    this.#beginning += 1
    try {
      const state = await replica.capture()
      const id = randomUUID()
      this.#held.set(id, { state, shard: address, last: undefined, cancelIdle: () => {} })
      this.#touch(id)
      const { nextOffset, liveRows: points } = state
      this.#options.logger.info(
        { ...address, nextOffset, points },
        'a shard is given to another node'
      )
      return { id, nextOffset, points }
    } finally {
      this.#beginning -= 1
    }
  }

  next(id: string, sequence: number): Promise<Uint8Array | undefined> {
    const held = this.#held.get(id)
    if (held === undefined) return Promise.reject(failed(0, 'its snapshot is not there any more'))
    this.#touch(id)
    const { last } = held
    if (last?.sequence === sequence) return last.chunk
    if (sequence !== (last?.sequence ?? -1) + 1) {
      return Promise.reject(failed(held.shard.shard, `chunk ${sequence} is out of order`))
    }
    const before = last?.chunk ?? Promise.resolve(undefined)
    const chunk = before.then(() => held.state.source(chunkBytesMax))
    held.last = { sequence, chunk }
    return chunk
  }

  end(id: string): void {
    this.#held.get(id)?.cancelIdle()
    this.#held.delete(id)
  }

  close(): void {
    for (const id of [...this.#held.keys()]) this.end(id)
  }

  /** Whether the log must keep what a node that takes a shard from here has yet to read. */
  isGiving({ collectionId, generation, shard }: ShardAddress): boolean {
    return [...this.#held.values()].some(
      ({ shard: one }) =>
        one.collectionId === collectionId && one.generation === generation && one.shard === shard
    )
  }

  #touch(id: string): void {
    const held = this.#held.get(id)
    if (held === undefined) return
    held.cancelIdle()
    held.cancelIdle = this.#options.clock.after(idleMsMax, () => this.end(id))
  }
}

function failed(shard: number, reason: string): EngineError {
  return new EngineError('MILLRACE_TRANSFER_FAILED', { shard, reason })
}
