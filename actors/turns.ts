/** Lets callers in, as many at a time as there are places, in the order in which they came. */
export class Turns {
  private free: number
  private readonly waiting: (() => void)[] = []

  constructor(places: number) {
    this.free = places
  }

  /** @returns what gives the place back */
  async enter(): Promise<() => void> {
    if (this.free > 0) this.free -= 1
    else await new Promise<void>((resolve) => this.waiting.push(resolve))
    let isInside = true
    return () => {
      if (!isInside) return
      isInside = false
      const next = this.waiting.shift()
      // A place passes to who waits for it, so that nobody slips in between.
      if (next === undefined) this.free += 1
      else next()
    }
  }

  async run<Result>(work: () => Promise<Result> | Result): Promise<Result> {
    const leave = await this.enter()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
