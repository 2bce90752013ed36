import {
  type CapturedState,
  type ChainPlan,
  type CheckpointManifest,
  type CheckpointStore,
  planChain,
  wholePlan
} from '../src/checkpoint/index.ts'
import { type EngineError, isEngineError, toEngineError } from '../src/errors/index.ts'
import type { Clock } from './clock.ts'
import type { ActorLogger } from './logger.ts'
import type { EngineShard } from './shard-engine.ts'
import type { Turns } from './turns.ts'

export interface CheckpointPolicy {
  readonly keep: number
  readonly everyBytes: number
  readonly everyMs: number
}

export interface CheckpointDescription {
  /** The newest one kept. */
  readonly newest: {
    readonly offset: string
    readonly time: string
    readonly bytes: number
    readonly files: number
  } | null
  /** Offsets of all that are kept, newest first. */
  readonly kept: readonly string[]
  readonly written: number
  readonly errors: number
  readonly lastError: string | null
  /** Files that were found damaged and set aside since the start. */
  readonly damaged: readonly string[]
}

export interface CheckpointerOptions {
  readonly engine: EngineShard
  readonly policy: CheckpointPolicy
  /** One apply at a time, and a capture between two. */
  readonly applyTurns: Turns
  /** So many checkpoints of the node are written at once. */
  readonly writeTurns: Turns
  readonly clock: Clock
  readonly logger: ActorLogger
  readonly isIdle: () => boolean
  readonly request: () => void
  /** Called after each checkpoint, when the ones before were pruned. */
  readonly afterWrite: (store: CheckpointStore) => Promise<void>
}

interface Capture {
  readonly plan: ChainPlan
  readonly state: CapturedState
  /** Of the records applied since the capture before. */
  readonly bytes: number
  /** Gives back its place among the writers. */
  readonly leave: () => void
}

/** A replay is there to catch up: it writes checkpoints so many times less often. */
const replayFactor = 16
const damagedMax = 20

/** Decides when a shard's state is worth a checkpoint, captures it, and writes it. */
export class Checkpointer {
  private readonly options: CheckpointerOptions
  private store: CheckpointStore | undefined
  /** Bytes of records applied since the newest capture. */
  private pendingBytes = 0
  private isReplaying = true
  private isStopped = false
  private cancelTimer: (() => void) | undefined
  private captured: Capture | undefined
  private writing: { aborting: AbortController; done: Promise<unknown> } | undefined
  private written = 0
  private errors = 0
  private lastError: string | null = null
  private readonly damaged: string[] = []

  constructor(options: CheckpointerOptions) {
    this.options = options
  }

  /** From here on there is a folder to write into. */
  use(store: CheckpointStore): void {
    this.store = store
  }

  /** Writes lead to checkpoints after `everyMs` from now on, and not only after many bytes. */
  caughtUp(): void {
    this.isReplaying = false
    this.consider()
  }

  noteApplied(bytes: number): void {
    this.pendingBytes += bytes
    this.consider()
  }

  noteDamage(error: EngineError): void {
    this.options.logger.error({ err: error }, 'checkpoint is damaged and was set aside')
    if (this.damaged.length < damagedMax) this.damaged.push(error.message)
  }

  /** Asks for a checkpoint when one is due, or arms the timer. */
  consider(): void {
    if (!this.hasNews() || !this.options.isIdle()) return
    const { everyBytes, everyMs } = this.options.policy
    if (this.pendingBytes >= everyBytes * (this.isReplaying ? replayFactor : 1)) {
      this.options.request()
    } else if (!this.isReplaying && this.cancelTimer === undefined) {
      this.cancelTimer = this.options.clock.after(everyMs, () => {
        this.cancelTimer = undefined
        if (this.options.isIdle()) this.options.request()
      })
    }
  }

  /**
   * Captures the shard between two applies, once it may write.
   *
   * @returns whether there is anything to write. @throws what the engine refuses
   */
  async capture(): Promise<boolean> {
    this.disarm()
    if (!this.hasNews()) return false
    const leave = await this.options.writeTurns.enter()
    try {
      await this.options.applyTurns.run(() => {
        const { store, pendingBytes: bytes } = this
        if (store === undefined || this.isStopped) return
        const liveRows = Number(this.options.engine.state().points)
        const plan = planChain(store.kept()[0], { appliedBytes: bytes, liveRows })
        this.captured = { ...this.captureSince(plan), bytes, leave }
        this.pendingBytes = 0
      })
    } finally {
      if (this.captured === undefined) leave()
    }
    return this.captured !== undefined
  }

  /** The shard may have forgotten what happened before it was loaded; its whole state it always knows. */
  private captureSince(plan: ChainPlan): { plan: ChainPlan; state: CapturedState } {
    const { engine } = this.options
    try {
      return { plan, state: engine.captureCheckpoint(plan.since) }
    } catch (cause) {
      if (plan.since === 0n || !isEngineError(cause, 'MILLRACE_ARGUMENT_INVALID')) throw cause
      return { plan: wholePlan, state: engine.captureCheckpoint(0n) }
    }
  }

  /** Writes what was captured. @throws MILLRACE_CHECKPOINT_FAILED */
  async write(): Promise<void> {
    const { store, captured } = this
    this.captured = undefined
    if (store === undefined || captured === undefined) return
    const aborting = new AbortController()
    const done = this.writeTo(store, captured, aborting.signal)
    this.writing = { aborting, done }
    try {
      await done
    } catch (cause) {
      this.pendingBytes += captured.bytes
      throw cause
    } finally {
      this.writing = undefined
      captured.leave()
    }
  }

  private async writeTo(
    store: CheckpointStore,
    { plan, state }: Capture,
    signal: AbortSignal
  ): Promise<void> {
    const { clock, logger, policy } = this.options
    const startedMs = clock.nowMs()
    const { nextOffset, files } = await store.write(plan, state, signal)
    this.written += 1
    const seconds = (clock.nowMs() - startedMs) / 1000
    const bytes = files.at(-1)?.bytes
    logger.info({ nextOffset, bytes, files: files.length, seconds }, 'checkpoint was written')
    try {
      await store.prune(policy.keep)
      await this.options.afterWrite(store)
    } catch (cause) {
      // The checkpoint stands; what is too much of the old goes with the next one.
      this.noteFailure(toEngineError(cause), 'old checkpoints could not be removed')
    }
  }

  noteFailure(error: EngineError, message = 'checkpoint could not be written'): void {
    this.errors += 1
    this.lastError = error.message
    this.options.logger.warn({ err: error }, message)
  }

  /** Ends the write under way, and waits until nothing of it goes on. */
  private async abort(): Promise<void> {
    this.disarm()
    this.captured?.leave()
    this.captured = undefined
    this.writing?.aborting.abort()
    await this.writing?.done.catch(() => {})
  }

  /** As `abort`, and nothing begins any more. */
  async stop(): Promise<void> {
    this.isStopped = true
    await this.abort()
  }

  /** Whether the shard holds anything that no checkpoint holds. */
  hasNews(): boolean {
    return this.store !== undefined && this.pendingBytes > 0 && !this.isStopped
  }

  /** The shard was replaced by one that differs: what was captured before it is wrong, from `offset` on. */
  async distrustAfter(offset: bigint, reason: string): Promise<void> {
    await this.abort()
    await this.store?.setAsideAfter(offset, reason)
    this.pendingBytes = Math.max(this.pendingBytes, 1)
    this.options.request()
  }

  describe(): CheckpointDescription {
    const kept = this.store?.kept() ?? []
    return {
      newest: kept[0] === undefined ? null : describeManifest(kept[0]),
      kept: kept.map(({ nextOffset }) => nextOffset.toString()),
      written: this.written,
      errors: this.errors,
      lastError: this.lastError,
      damaged: this.damaged
    }
  }

  private disarm(): void {
    this.cancelTimer?.()
    this.cancelTimer = undefined
  }
}

function describeManifest({ nextOffset, writtenMs, files }: CheckpointManifest) {
  return {
    offset: nextOffset.toString(),
    time: new Date(writtenMs).toISOString(),
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    files: files.length
  }
}
