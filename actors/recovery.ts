import type { CheckpointStore } from '../src/checkpoint/index.ts'
import type { ShardAddress, TransferPort } from '../src/domain/transfer.ts'
import { isEngineError } from '../src/errors/index.ts'
import type { Log, LogEnds } from '../streams/index.ts'
import type { Clock } from './clock.ts'
import type { ActorLogger } from './logger.ts'
import { restoreShard } from './restore.ts'
import type { Segment } from './segment.actor.ts'
import type { Segments } from './segments.ts'
import { startTransfer, type Transfer } from './transfer.actor.ts'
import type { Turns } from './turns.ts'

export interface Recovered {
  readonly segment: Segment
  /** What the state is from: the log is followed from there. */
  readonly nextOffset: bigint
  readonly points: number
  /** Files of the checkpoint; 0 when the state came from another node. */
  readonly files: number
}

export interface RecoveryOptions {
  /** `topic/shard` */
  readonly name: string
  readonly address: ShardAddress
  readonly segments: Segments
  /** So many shards of the node are recovered at once. */
  readonly turns: Turns
  /** Other nodes, if this one can ask them. */
  readonly peers: TransferPort | undefined
  readonly clock: Clock
  readonly logger: ActorLogger
  readonly signal: AbortSignal
}

/** Finds the state that a shard begins with: its own newest checkpoint or, when that does not reach the log, another node's. */
export class Recovery {
  readonly #options: RecoveryOptions
  #transfer: Transfer | undefined

  constructor(options: RecoveryOptions) {
    this.#options = options
  }

  /**
   * @returns undefined when the log can be replayed from its first record
   * @throws  MILLRACE_CHECKPOINT_MISSING, MILLRACE_TRANSFER_FAILED, what the engine or the disk refuses
   */
  recover(store: CheckpointStore, ends: LogEnds): Promise<Recovered | undefined> {
    return this.#options.turns.run(async () => {
      try {
        return await this.#restore(store, ends)
      } catch (cause) {
        const { peers } = this.#options
        if (peers === undefined || !isEngineError(cause, 'MILLRACE_CHECKPOINT_MISSING')) throw cause
        this.#options.logger.warn({ err: cause }, 'the state is asked for from other nodes')
        return this.#receive(peers)
      }
    })
  }

  /** The replica has replayed the log up to its end. */
  caughtUp(): void {
    this.#transfer?.caughtUp()
  }

  /** The transfer that goes on, or ended last. */
  transfer(): Transfer | undefined {
    return this.#transfer
  }

  async stop(): Promise<void> {
    await this.#transfer?.abort('the shard is being stopped')
  }

  async #restore(store: CheckpointStore, ends: LogEnds): Promise<Recovered | undefined> {
    const { segments, logger, signal } = this.#options
    const manifests = store.kept()
    const options = { store, manifests, ends, segments, logger, signal }
    const restored = await restoreShard({ ...options, purpose: 'load' })
    if (restored === undefined) return undefined
    const { nextOffset, liveRows: points, files } = restored.manifest
    return { segment: restored.segment, nextOffset, points, files: files.length }
  }

  async #receive(port: TransferPort): Promise<Recovered> {
    this.#transfer = startTransfer({ ...this.#options, port })
    const segment = await this.#transfer.received
    const { nextOffset, points } = segment.engine.state()
    return { segment, nextOffset, points: Number(points), files: 0 }
  }
}

/** Of a log that cannot say: every checkpoint may be of it. */
export const unknownEnds: LogEnds = { start: 0n, end: BigInt(Number.MAX_SAFE_INTEGER) }

/** A damaged log says nothing about its ends; where it is damaged is found, and named, when it is followed. */
export async function knownEnds(
  log: Log,
  topic: string,
  partition: number
): Promise<LogEnds | undefined> {
  try {
    return await log.ends(topic, partition)
  } catch (cause) {
    if (!isEngineError(cause, 'MILLRACE_LOG_CORRUPT')) throw cause
    return undefined
  }
}
