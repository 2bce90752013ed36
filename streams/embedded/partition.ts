import type { EngineError } from '../../src/errors/index.ts'
import type { LogBatch, LogEnds, WaitOptions } from '../log.ts'
import { offsetNumber } from '../offsets.ts'
import { PartitionReader } from './partition-reader.ts'
import { recoverPartition } from './partition-recovery.ts'
import { PartitionState } from './partition-state.ts'
import { PartitionWriter } from './partition-writer.ts'
import type { LogContext } from './settings.ts'

export interface PartitionStats {
  readonly topic: string
  readonly partition: number
  readonly start: bigint
  /** What readers see: the durable end. */
  readonly end: bigint
  /** What is certainly on disk; behind `end` only when durability is `os`. */
  readonly syncedEnd: bigint
  readonly bytes: number
  readonly segments: number
  readonly syncCount: number
  readonly syncSeconds: number
  readonly queueBytes: number
  readonly isDamaged: boolean
}

/** One partition of the embedded log. */
export class Partition {
  readonly #state: PartitionState
  readonly #writer: PartitionWriter
  readonly #reader: PartitionReader

  private constructor(state: PartitionState) {
    this.#state = state
    this.#writer = new PartitionWriter(state)
    this.#reader = new PartitionReader(state)
  }

  static async open(context: LogContext, topic: string, partition: number): Promise<Partition> {
    const state = new PartitionState(context, topic, partition)
    await recoverPartition(state)
    return new Partition(state)
  }

  append(records: readonly Uint8Array[]): Promise<BigUint64Array> {
    return this.#writer.append(records)
  }

  async read(from: bigint, maxBytes: number): Promise<LogBatch> {
    this.#refuseWhenGone()
    return this.#guarded(() => this.#reader.read(from, offsetNumber(from), maxBytes))
  }

  async waitForMore(from: bigint, options: WaitOptions = {}): Promise<boolean> {
    this.#refuseWhenGone()
    const state = this.#state
    const offset = offsetNumber(from)
    if (offset < state.end) return true
    if (state.damage) throw state.damage
    return state.waiters.wait(offset, options)
  }

  ends(): LogEnds {
    this.#refuseWhenGone()
    // An end before the damage would let a reader believe that it has caught up.
    if (this.#state.damage) throw this.#state.damage
    return { start: BigInt(this.#state.start), end: BigInt(this.#state.end) }
  }

  async offsetAt(timeMs: number): Promise<bigint> {
    this.#refuseWhenGone()
    return BigInt(await this.#guarded(() => this.#reader.offsetAt(timeMs)))
  }

  async trimBefore(before: bigint): Promise<void> {
    this.#refuseWhenGone()
    const state = this.#state
    if (state.damage) throw state.damage
    const offset = Math.min(offsetNumber(before), state.end)
    const isOld = (one: { isSealed: boolean; endOffset: number }) =>
      one.isSealed && one.endOffset <= offset
    if (!state.segments.slice(0, -1).some(isOld)) return
    let old: typeof state.segments = []
    await this.#guarded(() =>
      state.changeSegments(() => {
        // The start moves in the manifest first: a file that goes too late is found and removed.
        const kept = state.segments.findIndex(
          (one, i) => !isOld(one) || i === state.segments.length - 1
        )
        old = state.segments.slice(0, kept)
        const segments = state.segments.slice(kept)
        return { segments, start: segments[0]?.firstOffset ?? state.start }
      })
    )
    const { spares, files } = state.context
    for (const segment of old) {
      void segment.retire(async () => {
        const file = await files.open(segment.path, 'read')
        const bytes = await file.size().finally(() => file.close())
        await spares.recycle(segment.path, bytes)
      })
    }
    const { topic, partition, start } = state
    state.context.onEvent({ kind: 'segments.trimmed', details: { topic, partition, start } })
  }

  /** Lets what is under way end, refuses the rest and closes the files. */
  async close(reason: EngineError): Promise<void> {
    const state = this.#state
    state.gone = reason
    state.waiters.rejectAll(reason)
    await this.#writer.close()
    const { active } = state
    if (active && !state.damage && active.poisoned === undefined && state.syncedEnd < state.end) {
      await this.#guarded(async () => (await active.file()).syncData())
      state.syncedEnd = state.end
    }
    await this.#releaseFiles()
    if (active && !state.damage) {
      // Only a hint for the next start: without it the scan finds the same end.
      await state.refreshManifest().catch(() => {})
    }
  }

  /** Refuses what waits, lets the write under way end and closes the files of a deleted topic. */
  async abandon(reason: EngineError): Promise<void> {
    this.#state.gone = reason
    this.#state.waiters.rejectAll(reason)
    this.#writer.rejectPending(reason)
    await this.#writer.close()
    await this.#releaseFiles()
  }

  stats(): PartitionStats {
    const { topic, partition, start, end, syncedEnd, segments, damage } = this.#state
    return {
      topic,
      partition,
      start: BigInt(start),
      end: BigInt(end),
      syncedEnd: BigInt(syncedEnd),
      bytes: segments.reduce((sum, segment) => sum + segment.durableBytes, 0),
      segments: segments.length,
      syncCount: this.#writer.syncCount,
      syncSeconds: this.#writer.syncSeconds,
      queueBytes: this.#writer.queueBytes,
      isDamaged: damage !== undefined
    }
  }

  #releaseFiles(): Promise<unknown> {
    this.#reader.close()
    return Promise.all(this.#state.segments.map((segment) => segment.retire(async () => {})))
  }

  #refuseWhenGone(): void {
    if (this.#state.gone) throw this.#state.gone
  }

  async #guarded<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      throw this.#state.failure(error)
    }
  }
}
