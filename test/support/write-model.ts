/**
 * What a client knows of the points it wrote: per id the last acknowledged state, and the state that an
 * operation in flight when the server died may or may not have left.
 */

/** The number of the operation that wrote the point, or null when it is deleted or was never written. */
export type PointState = number | null

export class WriteModel {
  private readonly settled = new Map<number, PointState>()
  private readonly inDoubt = new Map<number, PointState>()

  begin(ids: readonly number[], state: PointState): void {
    for (const id of ids) this.inDoubt.set(id, state)
  }

  acknowledge(ids: readonly number[], state: PointState): void {
    for (const id of ids) {
      this.settled.set(id, state)
      this.inDoubt.delete(id)
    }
  }

  /** @returns one line for each point that is neither as acknowledged nor as in doubt; what was found is settled then */
  compare(found: ReadonlyMap<number, number>): string[] {
    const wrong: string[] = []
    for (const id of new Set([...this.settled.keys(), ...this.inDoubt.keys(), ...found.keys()])) {
      const actual = found.get(id) ?? null
      const allowed = [this.settled.get(id) ?? null]
      if (this.inDoubt.has(id)) allowed.push(this.inDoubt.get(id) ?? null)
      if (!allowed.includes(actual)) {
        wrong.push(JSON.stringify({ point: id, actual, allowed }))
      }
      this.settled.set(id, actual)
    }
    this.inDoubt.clear()
    return wrong
  }

  get size(): number {
    return this.settled.size
  }
}
