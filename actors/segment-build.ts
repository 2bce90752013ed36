import { EngineError } from '../src/errors/index.ts'
import { CatchUp } from './catch-up.ts'
import type { OptimizerOptions } from './optimizer.actor.ts'
import type { Segment, SegmentPurpose } from './segment.actor.ts'

const copyBytesMax = 4 << 20
/** A tail that a search scans in no time. */
const tailVectorsMax = 1_024
const growthLookEveryMs = 50

export interface BuildOptions
  extends Pick<OptimizerOptions, 'log' | 'topic' | 'shard' | 'segments' | 'applyTurns' | 'clock'> {
  readonly purpose: SegmentPurpose
  readonly onProgress: (done: number, total: number) => void
}

/**
 * Builds the successor of a shard's segment, part by part: a copy of the live rows at one offset, the log's tail from there,
 * its graph. The segment that answers is held for a capture of small tables at the start, and for a batch of records at the end.
 */
export class SegmentBuild {
  readonly #options: BuildOptions
  readonly #aborting = new AbortController()
  readonly #segment: Segment
  readonly #catchUp: CatchUp

  constructor(options: BuildOptions) {
    const { segments, onProgress } = options
    this.#options = options
    this.#segment = segments.build(options.purpose)
    let replayed = 0
    this.#catchUp = new CatchUp({
      ...options,
      live: segments.served().engine,
      successor: this.#segment.engine,
      signal: this.#aborting.signal,
      onApplied(records, lagRecords) {
        replayed += records
        onProgress(replayed, replayed + lagRecords)
      }
    })
  }

  isAborted(): boolean {
    return this.#aborting.signal.aborted
  }

  abort(): void {
    this.#aborting.abort()
  }

  discard(reason: string): void {
    this.#options.segments.discard(this.#segment, reason)
  }

  /** Copies what is alive at one offset, while later records are applied. */
  async copyRows(): Promise<void> {
    const { segments, applyTurns, onProgress } = this.#options
    const capture = await applyTurns.run(() => segments.served().engine.captureCheckpoint(0n))
    const { engine } = this.#segment
    let copied = 0
    for (let bytes = await capture.source(copyBytesMax); bytes !== undefined; ) {
      this.#aborting.signal.throwIfAborted()
      await engine.loadCheckpoint(bytes)
      copied += bytes.byteLength
      onProgress(copied, copied)
      bytes = await capture.source(copyBytesMax, bytes)
    }
    await engine.finishLoad()
    segments.complete(this.#segment)
  }

  replayTail(): Promise<void> {
    return this.#catchUp.approach()
  }

  /** Until the graph of the successor is as far as that of the segment that answers, so that no search gets slower. */
  async growGraph(): Promise<void> {
    const { segments, clock, onProgress } = this.#options
    for (;;) {
      await this.#catchUp.approach()
      const { waitingVectors, indexedVectors } = this.#segment.engine.state()
      const served = segments.served().engine.state().waitingVectors
      onProgress(indexedVectors, indexedVectors + waitingVectors)
      if (waitingVectors <= Math.max(served, tailVectorsMax)) return
      await new Promise<void>((resolve) => {
        clock.after(growthLookEveryMs, resolve)
      })
    }
  }

  swap(): Promise<void> {
    const { segments } = this.#options
    const { engine } = this.#segment
    return this.#catchUp.meet((offset) => {
      const [served, built] = [segments.served().engine.state(), engine.state()]
      if (built.digest !== served.digest || built.nextOffset !== served.nextOffset) {
        const reason = `at offset ${offset} the copy has the digest ${built.digest}, and what it is to replace ${served.digest}`
        throw new EngineError('MILLRACE_INTERNAL', { reason })
      }
      segments.install(this.#segment)
    })
  }
}
