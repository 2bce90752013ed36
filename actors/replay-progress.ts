const windowMs = 5_000
const sampleEveryMs = 200

interface Sample {
  readonly atMs: number
  readonly records: number
}

export interface ReplayRate {
  readonly recordsPerSecond: number
  /** Until the end of the log at this rate; null while the rate is not known. */
  readonly etaMs: number | null
}

/** How fast a replay goes, over its last seconds. */
export class ReplayProgress {
  private readonly samples: Sample[]
  private records = 0

  constructor(nowMs: number) {
    this.samples = [{ atMs: nowMs, records: 0 }]
  }

  /** @param records  records applied since the last call */
  note(records: number, nowMs: number): void {
    this.records += records
    const last = this.samples.at(-1)
    if (last !== undefined && nowMs - last.atMs < sampleEveryMs) return
    this.samples.push({ atMs: nowMs, records: this.records })
    while ((this.samples[1]?.atMs ?? nowMs) < nowMs - windowMs) this.samples.shift()
  }

  rate(lagRecords: number, nowMs: number): ReplayRate {
    const [first] = this.samples
    const elapsedMs = nowMs - (first?.atMs ?? nowMs)
    const records = this.records - (first?.records ?? 0)
    if (elapsedMs <= 0 || records === 0) return { recordsPerSecond: 0, etaMs: null }
    const perMs = records / elapsedMs
    return {
      recordsPerSecond: Math.round(perMs * 1000),
      etaMs: Math.round(lagRecords / perMs)
    }
  }
}
