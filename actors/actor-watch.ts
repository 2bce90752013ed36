import type { ActorFacts, ActorHealth } from '../src/domain/node-port.ts'
import type { ActorReport } from './actor-report.ts'
import type { Clock } from './clock.ts'

export interface ActorWatchOptions {
  readonly clock: Clock
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** An actor that has work and neither changes its state nor moves on for so long is stuck. */
  readonly stuckAfterMs: number
  readonly reports: () => readonly ActorReport[]
  /** Called once when the health of an actor changes for the worse. */
  readonly onUnhealthy: (facts: ActorFacts) => void
}

interface Seen {
  readonly state: string
  /** Offset and progress. */
  readonly moved: string
  readonly sinceMs: number
  /** By the clock: when state or offset changed last, or the actor had nothing to do. */
  readonly movedAtMs: number
  readonly health: ActorHealth
}

/** This many failures in a row are a loop and no accident. */
const loopRestarts = 2
/** Looks so many times within `stuckAfterMs`. */
const looks = 6

/** Looks at every actor now and then, and knows since when each is as it is, and which of them are stuck. */
export class ActorWatch {
  readonly #options: ActorWatchOptions
  #seen: ReadonlyMap<string, Seen> = new Map()
  #cancel = () => {}

  constructor(options: ActorWatchOptions) {
    this.#options = options
  }

  start(): void {
    const { clock, stuckAfterMs } = this.#options
    this.#cancel = clock.after(stuckAfterMs / looks, () => {
      this.look()
      this.start()
    })
  }

  stop(): void {
    this.#cancel()
  }

  /** @returns every actor as it is now */
  look(): readonly ActorFacts[] {
    const seen = new Map<string, Seen>()
    const facts = this.#options.reports().map((report) => {
      const key = `${report.kind} ${report.name}`
      const before = this.#seen.get(key)
      const now = this.#lookAt(report, before)
      seen.set(key, now)
      const found = factsOf(report, now)
      if (isUnhealthy(now.health) && before?.health !== now.health) this.#options.onUnhealthy(found)
      return found
    })
    // Actors that are gone are forgotten with the map that knew them.
    this.#seen = seen
    return facts
  }

  #lookAt(report: ActorReport, before: Seen | undefined): Seen {
    const { clock, now, stuckAfterMs } = this.#options
    const { state, offset, progress, isBusy } = report
    const moved = `${offset} ${progress}`
    const hasMoved = before?.state !== state || before.moved !== moved
    const sinceMs = before?.state === state ? before.sinceMs : now()
    const movedAtMs = hasMoved || !isBusy ? clock.nowMs() : (before?.movedAtMs ?? clock.nowMs())
    const isStuck = clock.nowMs() - movedAtMs >= stuckAfterMs
    return { state, moved, sinceMs, movedAtMs, health: healthOf(report, isStuck) }
  }
}

function healthOf({ isHalted, isBusy, restarts = 0 }: ActorReport, isStuck: boolean): ActorHealth {
  if (isHalted) return 'halted'
  if (restarts >= loopRestarts) return 'crashLooping'
  if (isStuck) return 'stuck'
  return isBusy ? 'busy' : 'ok'
}

export function isUnhealthy(health: ActorHealth): boolean {
  return health === 'halted' || health === 'crashLooping' || health === 'stuck'
}

function factsOf(report: ActorReport, { sinceMs, health }: Seen): ActorFacts {
  const { kind, name, collection, state, offset, lagRecords, restarts, lastError } = report
  return {
    kind,
    name,
    collection: collection ?? null,
    state,
    since: new Date(sinceMs).toISOString(),
    health,
    offset: offset ?? null,
    lagRecords: lagRecords ?? null,
    restarts: restarts ?? 0,
    lastError
  }
}
