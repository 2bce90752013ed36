import { createActor } from 'xstate'
import { type SegmentEvent, segmentMachine } from '../machines/index.ts'
import type { SlotIndexing } from '../src/domain/optimizer-settings.ts'
import { EngineError } from '../src/errors/index.ts'
import type { ActorReport } from './actor-report.ts'
import { mailboxOf } from './mailbox.ts'
import type { EngineShard } from './shard-engine.ts'
import { stateText } from './state-text.ts'

export type SegmentPurpose = 'serve' | 'load' | 'rebuild' | 'vacuum' | 'reindex' | 'transfer'

export interface SegmentOptions {
  /** Unique among the segments of the node. */
  readonly name: string
  readonly purpose: SegmentPurpose
  readonly engine: EngineShard
  /** How its vectors are indexed; that cannot be changed later. */
  readonly indexes: readonly SlotIndexing[]
}

/** Runs the machine of one native segment, and closes the segment when it is given up. */
export class Segment {
  readonly purpose: SegmentPurpose
  readonly indexes: readonly SlotIndexing[]
  /** Of one that answers: what readers find, whichever segment that is. */
  engine: EngineShard
  readonly #name: string
  readonly #actor: ReturnType<typeof createActor<typeof segmentMachine>>
  readonly #send: (event: SegmentEvent) => void

  constructor({ name, purpose, engine, indexes }: SegmentOptions) {
    this.#name = name
    this.purpose = purpose
    this.engine = engine
    this.indexes = indexes
    this.#actor = createActor(
      segmentMachine.provide({ actions: { closeShard: () => this.engine.close() } }),
      { input: { purpose } }
    )
    // It is told a handful of events, each of which is handled before the next one can be sent.
    this.#send = mailboxOf(this.#actor, { actor: `segment ${name}`, onBroken: () => {} })
    this.#actor.start()
  }

  tell(event: SegmentEvent): void {
    this.#send(event)
  }

  /** @throws MILLRACE_INTERNAL when it is not whole, or gone */
  requireLoading(): void {
    this.tell({ type: 'segment.swapIn' })
    if (this.#actor.getSnapshot().matches({ unloaded: 'loading' })) return
    const reason = `segment ${this.#name} is ${this.state()} and cannot be swapped in`
    throw new EngineError('MILLRACE_INTERNAL', { reason })
  }

  state(): string {
    return stateText(this.#actor.getSnapshot().value)
  }

  isGone(): boolean {
    return this.#actor.getSnapshot().status !== 'active'
  }

  report(): ActorReport {
    const { reason } = this.#actor.getSnapshot().context
    return {
      kind: 'segment',
      name: this.#name,
      state: this.state(),
      offset: this.isGone() ? '0' : this.engine.state().nextOffset.toString(),
      lastError: reason ?? null,
      // Who builds it shows whether it moves on.
      isBusy: false,
      isHalted: false
    }
  }
}
