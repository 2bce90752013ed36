import type { Answered, Built } from './competitor.ts'

/** What one index answered to one question: the median over the rounds. */
export interface Measured extends Answered {
  readonly dataset: string
  readonly name: string
  readonly ask: string
  readonly built: Built
}

/** One index over all breadths of its search, by rising recall. */
export interface Curve {
  readonly name: string
  readonly points: readonly Measured[]
}
