import type { CollectionView } from '../src/domain/directory.ts'
import { requireServing, topicOf } from '../src/domain/directory.ts'
import type { IngestEntry, IngestPartitionReport } from '../src/domain/ingest.ts'
import type { WritePort, WriteRecord } from '../src/domain/ports.ts'
import {
  type Crc32c,
  encodeFrame,
  operationsSection,
  recordKinds,
  sourceSection
} from '../src/domain/record/index.ts'
import { EngineError } from '../src/errors/index.ts'
import { type Flush, mappingOf, type PointScope } from '../src/ingest/index.ts'
import type { Log, OpenSource } from '../streams/index.ts'
import type { Clock } from './clock.ts'
import { IngestFlow } from './ingest-flow.ts'
import { type AppliedPosition, type PartitionStart, partitionStarts } from './ingest-positions.ts'

/** How often the ends of partitions are asked for, and whether there are more of them. */
const endsEveryMs = 5_000
const reachMsMax = 60_000

/** What ingests share with the node that runs them. */
export interface IngestParts {
  readonly log: Log
  readonly clock: Clock
  readonly crc32c: Crc32c
  readonly writePort: WritePort
  readonly openSource: OpenSource
  readonly limits: PointScope['limits']
  /** Where topics are whose ingest names no brokers. */
  readonly brokers: readonly string[]
  /** Names this node's readers at the source. */
  readonly readerName: string
  /** What the native shard under a key has applied. */
  readonly sourcesOf: (shardKey: string) => readonly AppliedPosition[]
  /** @throws MILLRACE_COLLECTION_NOT_FOUND */
  readonly viewOf: (collectionId: bigint) => CollectionView
  readonly reach: (
    collectionId: bigint,
    shard: number,
    offset: bigint,
    timeoutMs: number
  ) => Promise<number | undefined>
}

export interface SessionEvents {
  readonly onThrottled: (isThrottled: boolean) => void
  readonly onApplied: (flush: Flush, messages: number) => void
  readonly onFailed: (cause: unknown) => void
}

/** A source that is open, from one failure to the next. */
export interface IngestSession {
  report(): readonly IngestPartitionReport[]
  close(): Promise<void>
}

/**
 * Asks the shards how far they are, tells those that know nothing where the ingest begins, and reads on from there.
 *
 * @throws MILLRACE_SOURCE_*, MILLRACE_SHARD_RECOVERING, MILLRACE_COLLECTION_NOT_FOUND
 */
export async function openSession(
  parts: IngestParts,
  entry: IngestEntry,
  events: SessionEvents
): Promise<IngestSession> {
  const { clock, writePort } = parts
  const { id, spec, collectionId } = entry
  const brokers = spec.brokers.length > 0 ? spec.brokers : parts.brokers
  if (brokers.length === 0) {
    const reason = 'neither the ingest nor `ingest.brokers` says where the topics are'
    throw new EngineError('MILLRACE_SOURCE_UNAVAILABLE', { reason })
  }
  const view = () => requireServing(parts.viewOf(collectionId))
  const map = mappingOf(spec, parts.limits.jsonDepth)
  const source = await parts.openSource({
    brokers,
    topics: spec.topics,
    deadLetterTopic: spec.dead_letter_topic,
    name: `millrace-${parts.readerName}-${id}`
  })
  let flows = new Map<string, IngestFlow>()
  let hasEnded = false
  let cancelPoll = () => {}
  const fail = (cause: unknown) => {
    if (hasEnded) return
    hasEnded = true
    for (const flow of flows.values()) flow.close()
    events.onFailed(cause)
  }
  let throttled = 0

  try {
    await reachEnds(parts, view())
    const applied = view().shards.map(({ key }) => parts.sourcesOf(key))
    const starts = await partitionStarts(entry, source, applied)
    await markStarts(parts, view(), id, starts)
    flows = new Map(starts.map((start) => [nameOf(start.partition), flowOf(start)]))
    await source.read({
      positions: [...flows.entries()].map(([name, flow]) => ({
        ...partitionOf(name),
        position: flow.start
      })),
      onBatch: (batch) => flows.get(nameOf(batch))?.offer(batch),
      onFailed: fail
    })
    pollEnds()
  } catch (cause) {
    await source.close()
    throw cause
  }

  function flowOf({ partition: { topic, partition, end }, positions }: PartitionStart): IngestFlow {
    return new IngestFlow({
      ingest: entry,
      topic,
      partition,
      positions,
      end,
      flush: spec.flush,
      map,
      view,
      limits: parts.limits,
      writePort,
      clock,
      setAside: (letters) => source.setAside(spec.dead_letter_topic, letters),
      onThrottled(isThrottled) {
        if (isThrottled) source.pause({ topic, partition })
        else source.resume({ topic, partition })
        throttled += isThrottled ? 1 : -1
        if (throttled === (isThrottled ? 1 : 0)) events.onThrottled(isThrottled)
      },
      onApplied: events.onApplied,
      onFailed: fail
    })
  }

  /** Tells the lag of partitions to which nothing comes, and finds new ones. */
  function pollEnds(): void {
    cancelPoll = clock.after(endsEveryMs, () => {
      source
        .partitions()
        .then((partitions) => {
          for (const partition of partitions) {
            const flow = flows.get(nameOf(partition))
            if (flow === undefined) throw newPartition(partition.topic)
            flow.noteEnd(partition.end)
            if (partition.end < flow.report().position) throw recreated(partition, flow)
          }
          if (!hasEnded) pollEnds()
        })
        .catch(fail)
    })
  }

  return {
    report: () => [...flows.entries()].map(([name, flow]) => describe(name, flow)),
    async close() {
      hasEnded = true
      cancelPoll()
      for (const flow of flows.values()) flow.close()
      await source.close()
    }
  }
}

/** What was written before, by whomever, must be applied before a shard can say how far it is. */
async function reachEnds(parts: IngestParts, view: CollectionView): Promise<void> {
  await Promise.all(
    view.shards.map(async ({ shard }) => {
      const { end } = await parts.log.ends(topicOf(view.id, view.generation), shard)
      const lagRecords =
        end === 0n ? undefined : await parts.reach(view.id, shard, end - 1n, reachMsMax)
      if (lagRecords !== undefined) {
        throw new EngineError('MILLRACE_SHARD_RECOVERING', { shard, lagRecords })
      }
    })
  )
}

/** Where an ingest begins is fixed before it reads anything: `latest` must not mean another place after a crash. */
async function markStarts(
  { writePort, crc32c }: IngestParts,
  view: CollectionView,
  ingest: bigint,
  starts: readonly PartitionStart[]
): Promise<void> {
  const records = starts.flatMap(({ partition: { topic, partition }, positions, unmarked }) =>
    unmarked.map((shard): WriteRecord => {
      const at = positions[shard] ?? 0n
      const sections = [
        operationsSection([]),
        sourceSection({ ingest, topic, partition, first: at, next: at })
      ]
      const { id: collectionId, schemaVersion } = view
      const head = { kind: recordKinds.batch, collectionId, schemaVersion, count: 0 }
      return { shard, frame: encodeFrame({ ...head, sections }, crc32c) }
    })
  )
  if (records.length === 0) return
  const { id: collectionId, generation } = view
  const { durable, applied } = writePort.submit({ collectionId, generation, records })
  const [, outcomes] = await Promise.all([durable, applied])
  const rejection = outcomes.find((outcome) => outcome.rejection !== undefined)?.rejection
  if (rejection !== undefined) throw new EngineError(rejection.code, rejection.details)
}

function newPartition(topic: string): EngineError {
  const reason = `topic ${topic} has a new partition`
  return new EngineError('MILLRACE_SOURCE_UNAVAILABLE', { reason })
}

function recreated(
  { topic, partition, end }: { topic: string; partition: number; end: bigint },
  flow: IngestFlow
): EngineError {
  const { position } = flow.report()
  return new EngineError('MILLRACE_SOURCE_RECREATED', { topic, partition, end, position })
}

function describe(name: string, flow: IngestFlow): IngestPartitionReport {
  const { position, end, isPaused } = flow.report()
  const lag = end > position ? end - position : 0n
  return {
    ...partitionOf(name),
    position: position.toString(),
    end: end.toString(),
    lagMessages: Number(lag),
    isPaused
  }
}

function nameOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}/${partition}`
}

function partitionOf(name: string): { topic: string; partition: number } {
  const slash = name.lastIndexOf('/')
  return { topic: name.slice(0, slash), partition: Number(name.slice(slash + 1)) }
}
