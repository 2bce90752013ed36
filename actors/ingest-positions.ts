import type { IngestEntry, IngestStart } from '../src/domain/ingest.ts'
import { EngineError } from '../src/errors/index.ts'
import type { Source, SourcePartition } from '../streams/index.ts'

/** What one shard has applied of a partition; the name is the engine's. */
export interface AppliedPosition {
  readonly ingest: bigint
  readonly topic: string
  readonly partition: number
  readonly next: bigint
}

/** Where a partition is to be read on, for each shard. */
export interface PartitionStart {
  readonly partition: SourcePartition
  readonly positions: readonly bigint[]
  /** Shards that do not know of it yet: they are told before anything is read. */
  readonly unmarked: readonly number[]
}

/**
 * Compares what the shards have applied with what the source holds.
 *
 * @param applied  by shard
 * @throws MILLRACE_SOURCE_RECREATED, MILLRACE_SOURCE_TRIMMED
 */
export async function partitionStarts(
  { id, spec }: Pick<IngestEntry, 'id' | 'spec'>,
  source: Source,
  applied: readonly (readonly AppliedPosition[])[]
): Promise<PartitionStart[]> {
  const partitions = await source.partitions()
  const known = applied.map(
    (list) =>
      new Map(
        list
          .filter(({ ingest }) => ingest === id)
          .map(({ topic, partition, next }) => [`${topic}/${partition}`, next])
      )
  )
  const startedTopics = new Set(
    applied.flat().flatMap(({ ingest, topic }) => (ingest === id ? [topic] : []))
  )
  const isFresh = partitions.some(({ topic }) => !startedTopics.has(topic))
  const first = isFresh ? await startPositions(spec.start, source, partitions) : new Map()
  return partitions.map((partition) => {
    const key = `${partition.topic}/${partition.partition}`
    const given = known.map((positions) => positions.get(key))
    const existing = given.filter((position) => position !== undefined)
    // A partition that a topic got later is read whole: its first messages came after the ingest's start.
    const start = startedTopics.has(partition.topic)
      ? partition.start
      : (first.get(key) ?? partition.start)
    const lowest = existing.length === 0 ? start : lowestOf(existing)
    const positions = given.map((position) => position ?? lowest)
    for (const position of positions) checkPosition(partition, position)
    const unmarked = given.flatMap((position, shard) => (position === undefined ? [shard] : []))
    return { partition, positions, unmarked }
  })
}

async function startPositions(
  start: IngestStart,
  source: Source,
  partitions: readonly SourcePartition[]
): Promise<Map<string, bigint>> {
  const key = ({ topic, partition }: { topic: string; partition: number }) =>
    `${topic}/${partition}`
  if (start === 'earliest') return new Map()
  if (start === 'latest') return new Map(partitions.map((one) => [key(one), one.end]))
  if ('time_ms' in start) {
    const found = await source.positionsAt(start.time_ms)
    return new Map(found.map((one) => [key(one), one.position]))
  }
  return new Map(
    Object.entries(start.offsets).flatMap(([topic, offsets]) =>
      Object.entries(offsets).map(([partition, offset]): [string, bigint] => [
        `${topic}/${partition}`,
        BigInt(offset)
      ])
    )
  )
}

function checkPosition({ topic, partition, start, end }: SourcePartition, position: bigint): void {
  if (position > end) {
    throw new EngineError('MILLRACE_SOURCE_RECREATED', { topic, partition, end, position })
  }
  if (position < start) {
    throw new EngineError('MILLRACE_SOURCE_TRIMMED', { topic, partition, start, position })
  }
}

function lowestOf(positions: readonly bigint[]): bigint {
  return positions.reduce((lowest, position) => (position < lowest ? position : lowest))
}
