import type { CheckpointStore } from '../src/checkpoint/index.ts'
import type { RebuildReport } from '../src/domain/rebuild.ts'
import { EngineError } from '../src/errors/index.ts'
import type { ActorReport } from './actor-report.ts'
import type { Checkpointer } from './checkpointer.ts'
import { type Rebuild, type RebuildOptions, startRebuild } from './rebuild.actor.ts'
import type { RebuildDescription } from './replica-description.ts'

export interface RebuildsOptions extends Omit<RebuildOptions, 'store'> {
  readonly checkpoints: Checkpointer
  /** @returns undefined before the shard is loaded and after its stop */
  readonly store: () => CheckpointStore | undefined
  readonly lagRecords: () => number
  /** @returns why there is no room for a second state of the shard; undefined when there is */
  readonly shortage: () => EngineError | undefined
  readonly onBegin: () => void
}

/** The rebuilds of one shard, one at a time, and what they proved. */
export class Rebuilds {
  readonly #options: RebuildsOptions
  #running: Rebuild | undefined
  #newest: Rebuild | undefined
  #unequal = 0

  constructor(options: RebuildsOptions) {
    this.#options = options
  }

  isRunning(): boolean {
    return this.#running !== undefined
  }

  /**
   * Builds the shard's state a second time, compares and swaps. Checkpoints of a state that proves wrong are not trusted any more.
   *
   * @throws MILLRACE_REBUILD_RUNNING, MILLRACE_SHARD_RECOVERING, MILLRACE_REBUILD_FAILED, and the shortage there is
   */
  async run(): Promise<RebuildReport> {
    const { shortage, onBegin, checkpoints } = this.#options
    const short = shortage()
    if (short !== undefined) throw short
    const rebuild = this.#start()
    this.#running = rebuild
    this.#newest = rebuild
    onBegin()
    try {
      const report = await rebuild.report
      if (!report.equal) {
        this.#unequal += 1
        const reason = 'it was taken from a state that a rebuild proved wrong'
        await checkpoints.distrustAfter(BigInt(report.from), reason)
      }
      return report
    } finally {
      this.#running = undefined
    }
  }

  /** Ends the one under way, unless it is about to swap. */
  async cancel(reason: string): Promise<void> {
    await this.#running?.cancel(reason)
  }

  describe(): { readonly rebuild: RebuildDescription | null; readonly rebuildsUnequal: number } {
    return { rebuild: this.#newest?.describe() ?? null, rebuildsUnequal: this.#unequal }
  }

  reports(): readonly ActorReport[] {
    return this.#running === undefined ? [] : [this.#running.actorReport()]
  }

  #start(): Rebuild {
    const { shard, lagRecords } = this.#options
    if (this.#running !== undefined) throw new EngineError('MILLRACE_REBUILD_RUNNING', { shard })
    const store = this.#options.store()
    if (store === undefined) {
      throw new EngineError('MILLRACE_SHARD_RECOVERING', { shard, lagRecords: lagRecords() })
    }
    return startRebuild({ ...this.#options, store })
  }
}
