/** Virtual time: everything that happens in a simulation is an event here, and nothing else makes time pass. */
import type { Clock } from '../../actors/index.ts'

interface Event {
  readonly atMs: number
  readonly order: number
  readonly host: Host | undefined
  readonly label: string
  call: (() => void) | undefined
}

/** One life of a process: what belongs to it does not happen while it is paused, and never after its end. */
export class Host implements Clock {
  readonly name: string
  readonly #scheduler: Scheduler
  #isAlive = true
  #isPaused = false
  #held: Event[] = []

  constructor(scheduler: Scheduler, name: string) {
    this.#scheduler = scheduler
    this.name = name
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  nowMs(): number {
    return this.#scheduler.nowMs
  }

  after(delayMs: number, call: () => void): () => void {
    return this.#scheduler.at(delayMs, this, 'timer', call)
  }

  /** Promises that wait for this host stay as they are for ever, as in a process that was killed. */
  kill(): void {
    this.#isAlive = false
    this.#held = []
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    const held = this.#held
    this.#held = []
    for (const event of held) this.#scheduler.again(event)
  }

  /** @returns whether the event is to happen now */
  admits(event: Event): boolean {
    if (!this.#isAlive) return false
    if (this.#isPaused) this.#held.push(event)
    return !this.#isPaused
  }
}

export class Scheduler {
  nowMs = 0
  /** Events that happened so far. */
  steps = 0
  readonly #trace: (line: string) => void
  readonly #heap: Event[] = []
  #order = 0

  constructor(trace: (line: string) => void) {
    this.#trace = trace
  }

  /** @returns what takes the event back */
  at(delayMs: number, host: Host | undefined, label: string, call: () => void): () => void {
    const event: Event = {
      atMs: this.nowMs + Math.max(0, delayMs),
      order: this.#order++,
      host,
      label,
      call
    }
    this.#push(event)
    return () => {
      event.call = undefined
    }
  }

  again(event: Event): void {
    this.#push({ ...event, atMs: this.nowMs, order: this.#order++ })
  }

  /** A promise of the host that resolves after a delay; never, when the host ends before. */
  wait(delayMs: number, host: Host | undefined, label: string): Promise<void> {
    return new Promise((resolve) => this.at(delayMs, host, label, resolve))
  }

  /**
   * Lets events happen, one at a time, and after each whatever promises it settles.
   *
   * @returns whether `isDone` came true before `endMs` and `stepsMax`
   */
  async run(isDone: () => boolean, endMs: number, stepsMax: number): Promise<boolean> {
    const lastStep = this.steps + stepsMax
    await settle()
    while (!isDone()) {
      const event = this.#pop()
      if (event === undefined || event.atMs > endMs || this.steps >= lastStep) return false
      this.nowMs = event.atMs
      if (event.call === undefined || event.host?.admits(event) === false) continue
      this.steps += 1
      this.#trace(`${event.atMs.toFixed(3)} ${event.host?.name ?? '-'} ${event.label}`)
      event.call()
      await settle()
    }
    return true
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(event, heap[parent] as Event)) break
      heap[at] = heap[parent] as Event
      at = parent
    }
    heap[at] = event
  }

  #pop(): Event | undefined {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event))
        child += 1
      if (!isBefore(heap[child] as Event, last)) break
      heap[at] = heap[child] as Event
      at = child
    }
    heap[at] = last
    return first
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}

/** Nothing here waits for the system, so that one turn of the event loop settles every promise that can be. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
