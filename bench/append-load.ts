import type { Log } from '../streams/index.ts'

export interface AppendFigures {
  readonly mbPerSecond: number
  readonly recordsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Appends so many records of one size to the topic `bench`, one a call, with 64 calls in flight. */
export async function measureAppends(
  log: Log,
  recordBytes: number,
  records: number
): Promise<AppendFigures> {
  await log.createTopic('bench', { partitions: 1 })
  const record = new Uint8Array(recordBytes).map((_, i) => i * 31)
  const latenciesMs: number[] = []
  let started = 0
  const worker = async () => {
    while (started++ < records) {
      const startMs = performance.now()
      await log.append('bench', 0, [record])
      latenciesMs.push(performance.now() - startMs)
    }
  }
  const startMs = performance.now()
  await Promise.all(Array.from({ length: 64 }, worker))
  const seconds = (performance.now() - startMs) / 1000
  latenciesMs.sort((a, b) => a - b)
  const at = (share: number) =>
    round(latenciesMs[Math.floor(latenciesMs.length * share)] ?? Number.NaN)
  return {
    mbPerSecond: round((records * recordBytes) / 1e6 / seconds),
    recordsPerSecond: Math.round(records / seconds),
    p50Ms: at(0.5),
    p99Ms: at(0.99)
  }
}

/** Reads the topic `bench` from its start to its end, 4 MiB a read as a replica does. @returns MB/s */
export async function measureReads(log: Log): Promise<number> {
  const { start, end } = await log.ends('bench', 0)
  const startMs = performance.now()
  let bytes = 0
  for (let at = start; at < end; ) {
    const batch = await log.read('bench', 0, at, { maxBytes: 4 << 20 })
    bytes += batch.bytes.byteLength
    at = batch.nextOffset
  }
  return round(bytes / 1e3 / (performance.now() - startMs))
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
