import { randomUUID } from 'node:crypto'
import type { PlannedWork } from '../machines/index.ts'
import type { OptimizationPhase, OptimizationRun } from '../src/domain/optimization.ts'

const pastMax = 16

type Changed<Shape> = { -readonly [Key in keyof Shape]: Shape[Key] }
type Run = Changed<Omit<OptimizationRun, 'phases'>> & { phases: Changed<OptimizationPhase>[] }

/** What an optimizer does and has done, as others are shown it. */
export class OptimizationRuns {
  readonly #now: () => number
  #current: Run | undefined
  #past: readonly OptimizationRun[] = []
  #done = 0
  #failed = 0

  /** @param now  milliseconds since 1970 */
  constructor(now: () => number) {
    this.#now = now
  }

  plan({ kind, reason }: PlannedWork, points: number): void {
    const id = randomUUID()
    this.#current = {
      id,
      kind,
      reason,
      status: 'waiting',
      error: null,
      points,
      startedAt: null,
      endedAt: null,
      phases: []
    }
  }

  begin(phase: string, total: number): void {
    const run = this.#current
    if (run === undefined) return
    const at = this.#time()
    run.startedAt ??= at
    run.status = 'running'
    this.#endPhase(run, at)
    run.phases.push({ name: phase, startedAt: at, endedAt: null, done: 0, total })
  }

  progress(done: number, total: number): void {
    const phase = this.#current?.phases.at(-1)
    if (phase === undefined) return
    phase.done = done
    phase.total = Math.max(done, total)
  }

  end(status: 'done' | 'cancelled' | 'failed', error: string | null): void {
    const run = this.#current
    if (run === undefined) return
    const at = this.#time()
    this.#endPhase(run, at)
    Object.assign(run, { status, error, endedAt: at })
    this.#current = undefined
    // What never began is nothing that was done.
    if (run.startedAt === null) return
    if (status === 'done') this.#done += 1
    if (status === 'failed') this.#failed += 1
    this.#past = [run, ...this.#past].slice(0, pastMax)
  }

  /** Milliseconds that the newest run took; 0 when there was none. */
  lastMs(): number {
    const [last] = this.#past
    if (last === undefined) return 0
    return Date.parse(last.endedAt ?? '') - Date.parse(last.startedAt ?? '')
  }

  describe() {
    return {
      current: this.#current === undefined ? null : structuredClone(this.#current),
      past: this.#past,
      done: this.#done,
      failed: this.#failed
    }
  }

  #endPhase(run: Run, at: string): void {
    const phase = run.phases.at(-1)
    if (phase === undefined) return
    phase.endedAt = at
  }

  #time(): string {
    return new Date(this.#now()).toISOString()
  }
}
