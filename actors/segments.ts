import type { GrowthSettings, SlotIndexing } from '../src/domain/optimizer-settings.ts'
import type { ActorReport } from './actor-report.ts'
import { Segment, type SegmentPurpose } from './segment.actor.ts'
import type { EngineShard } from './shard-engine.ts'

export interface SegmentsOptions {
  /** `topic/shard` */
  readonly name: string
  /** Opens the segment that readers find, or with a purpose one that only this caller knows. */
  readonly open: (purpose?: SegmentPurpose) => EngineShard
  /** How vectors are to be indexed now. */
  readonly indexes: () => readonly SlotIndexing[]
  /** How graphs are to grow now. */
  readonly growth: () => GrowthSettings
}

/**
 * The native segments of one shard: the one that readers find, and those that are built to take its place. What is
 * not swapped in is closed.
 */
export class Segments {
  readonly #options: SegmentsOptions
  #opened = 0
  #isLive = false
  #served: Segment
  #successors: readonly Segment[] = []

  constructor(options: SegmentsOptions) {
    this.#options = options
    this.#served = this.#open('serve')
    this.#setGrowth(this.#served)
    // An empty shard is a whole one; whether it may be read its shard's actor knows.
    this.complete(this.#served)
    this.#served.requireLoading()
    this.#served.tell({ type: 'segment.installed' })
  }

  /** The segment that readers find. Its engine stays the same while the shard is open. */
  served(): Segment {
    return this.#served
  }

  /** Opens an empty segment beside the one that answers. */
  build(purpose: SegmentPurpose): Segment {
    const segment = this.#open(purpose)
    this.#keep([...this.#successors, segment])
    return segment
  }

  /** The end of the log is reached: from here on points may be deferred, those that were there before not. */
  caughtUp(): void {
    if (this.#isLive) return
    this.#isLive = true
    this.#setGrowth(this.#served)
  }

  /** What may be changed without another segment has changed. */
  settingsChanged(): void {
    for (const segment of [this.#served, ...this.#successors]) this.#setGrowth(segment)
  }

  /** It holds the whole state of an offset. */
  complete(segment: Segment): void {
    segment.tell({ type: 'state.completed' })
  }

  /**
   * Puts a segment in the place of the one that answers; nothing may be applied to that one meanwhile.
   *
   * @throws MILLRACE_INTERNAL when it is not whole, and what the engine refuses; the one that answers then goes on
   */
  install(segment: Segment): void {
    segment.requireLoading()
    const before = this.#served
    before.engine.replaceWith(segment.engine)
    segment.engine = before.engine
    before.tell({ type: 'segment.replaced' })
    segment.tell({ type: 'segment.installed' })
    this.#served = segment
    this.#setGrowth(segment)
    this.#keep(this.#successors.filter((one) => one !== segment))
  }

  /** Gives a segment up unless it answers. */
  discard(segment: Segment, reason: string): void {
    segment.tell({ type: 'segment.discard', reason })
    this.#keep(this.#successors.filter((one) => one !== segment))
  }

  /** Closes every segment. */
  close(): void {
    for (const segment of this.#successors) this.discard(segment, 'the shard is closed')
    this.#served.tell({ type: 'segment.close' })
  }

  reports(): readonly ActorReport[] {
    return [this.#served, ...this.#successors].map((segment) => segment.report())
  }

  #keep(successors: readonly Segment[]): void {
    this.#successors = successors
    this.#served.tell({ type: successors.length > 0 ? 'successor.begun' : 'successor.ended' })
  }

  #open(purpose: SegmentPurpose): Segment {
    const { name, open } = this.#options
    this.#opened += 1
    // Read before it is opened with them: a change between the two would then be seen, and made good, later.
    const indexes = this.#options.indexes()
    const engine = open(purpose === 'serve' ? undefined : purpose)
    const segment = new Segment({ name: `${name}#${this.#opened}`, purpose, engine, indexes })
    this.#setGrowth(segment)
    return segment
  }

  /** A successor grows in any case: nobody reads it, and it is to be whole when it takes its place. */
  #setGrowth(segment: Segment): void {
    const { builders, isPaused, defers } = this.#options.growth()
    const isServed = segment === this.#served
    segment.engine.setGrowth({
      builders,
      isPaused: isPaused && isServed,
      defers: defers && isServed && this.#isLive
    })
  }
}
