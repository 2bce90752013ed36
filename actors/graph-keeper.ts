import type { GraphFiles } from '../src/checkpoint/index.ts'
import { toEngineError } from '../src/errors/index.ts'
import type { Clock } from './clock.ts'
import type { ActorLogger } from './logger.ts'
import type { EngineShard } from './shard-engine.ts'
import type { Turns } from './turns.ts'

/**
 * A generation is written once so large a share of the graph changed since the last one: soon when nothing changes any
 * more, later while it grows, so that each insertion is written a bounded number of times; at a stop sooner, since every
 * change that is not written is made again after the start.
 */
const changedShareMin = { growing: 1 / 4, idle: 1 / 16, stopping: 1 / 64 } as const

/** Decides when a shard's graphs are worth a new graph file, and writes it. */
export class GraphKeeper {
  private readonly options: {
    readonly engine: EngineShard
    /** How often it looks. */
    readonly everyMs: number
    /** So many files of the node are written at once. */
    readonly writeTurns: Turns
    readonly clock: Clock
    readonly logger: ActorLogger
  }
  private files: GraphFiles | undefined
  /** What `graphChanges` of the engine was when the newest file was captured. */
  private savedChanges = 0
  private seenChanges = 0
  private writing: Promise<void> | undefined
  private readonly stopping = new AbortController()
  private cancelTimer: (() => void) | undefined

  constructor(options: GraphKeeper['options']) {
    this.options = options
  }

  /** From here on there is a folder to write into. */
  use(files: GraphFiles): void {
    this.files = files
    this.arm()
  }

  /** Graphs grow behind what is applied: it looks until they have stood still. */
  noteApplied(): void {
    if (this.files !== undefined) this.arm()
  }

  private arm(): void {
    if (this.cancelTimer !== undefined || this.stopping.signal.aborted) return
    this.cancelTimer = this.options.clock.after(this.options.everyMs, () => {
      this.cancelTimer = undefined
      this.look()
    })
  }

  private look(): void {
    const { graphChanges, waitingVectors } = this.options.engine.state()
    // While vectors wait, those who build may just not have had their turn.
    const isIdle = graphChanges === this.seenChanges && waitingVectors === 0
    this.seenChanges = graphChanges
    this.consider(isIdle ? 'idle' : 'growing')
    if (!isIdle) this.arm()
  }

  /** Begins to write when enough has changed and nothing is written. */
  consider(when: keyof typeof changedShareMin): void {
    if (this.writing !== undefined || !this.isDue(when)) return
    this.writing = this.write().finally(() => {
      this.writing = undefined
      // What could not be captured or written now, or came meanwhile, must not wait for the next write of a user.
      if (this.isDue('idle')) this.arm()
    })
  }

  private isDue(when: keyof typeof changedShareMin): boolean {
    if (this.files === undefined || this.stopping.signal.aborted) return false
    const { indexedVectors, graphChanges } = this.options.engine.state()
    // The shard may have been replaced by one that has counted less.
    const changed = graphChanges - (graphChanges < this.savedChanges ? 0 : this.savedChanges)
    return changed > 0 && changed >= indexedVectors * changedShareMin[when]
  }

  private async write(): Promise<void> {
    const { engine, writeTurns, clock, logger } = this.options
    const leave = await writeTurns.enter()
    try {
      const changes = engine.state().graphChanges
      const captured = await engine.captureGraphs()
      if (captured === undefined || this.files === undefined) return
      const startedMs = clock.nowMs()
      const { bytes } = await this.files.write(captured.source, this.stopping.signal)
      this.savedChanges = changes
      const seconds = (clock.nowMs() - startedMs) / 1000
      logger.info({ nextOffset: captured.nextOffset, bytes, seconds }, 'graphs were written')
    } catch (cause) {
      // They are a cache: the next turn tries again, and a start without them builds them anew.
      if (this.stopping.signal.aborted) return
      logger.warn({ err: toEngineError(cause) }, 'graphs could not be written')
    } finally {
      leave()
    }
  }

  /** Before a stop: writes what is worth it. */
  async last(): Promise<void> {
    await this.writing
    this.consider('stopping')
    await this.writing
  }

  /** Ends the write under way; nothing begins any more. */
  async stop(): Promise<void> {
    this.stopping.abort()
    this.cancelTimer?.()
    await this.writing
  }
}
