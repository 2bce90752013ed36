import type { FetchedPartition, KafkajsBroker } from 'kafkajs/millrace'
import type { LogBatch } from '../log.ts'
import { LogBatchBuilder } from '../log-batch.ts'

/** A broker sends whole batches, which are up to so large when they hold more than one record. */
const fetchBytesMin = 1 << 20
const fetchBytesMax = 16 << 20

export interface FetchTarget {
  readonly topic: string
  readonly partition: number
  readonly from: number
  readonly maxBytes: number
}

/** Fetches from one broker, at once or as soon as any of the partitions has more. */
export async function fetchPartitions(
  broker: KafkajsBroker,
  targets: readonly FetchTarget[],
  waitMs: number
): Promise<readonly (FetchedPartition & { readonly topic: string })[]> {
  const topics = [...new Set(targets.map(({ topic }) => topic))]
  const { responses } = await broker.fetch({
    replicaId: -1,
    isolationLevel: 0,
    maxWaitTime: waitMs,
    minBytes: waitMs === 0 ? 0 : 1,
    maxBytes: fetchBytesMax,
    topics: topics.map((topic) => ({
      topic,
      partitions: targets
        .filter((target) => target.topic === topic)
        .map(({ partition, from, maxBytes }) => ({
          partition,
          currentLeaderEpoch: -1,
          fetchOffset: String(from),
          maxBytes
        }))
    }))
  })
  return responses.flatMap(({ topicName, partitions }) =>
    partitions.map((partition) => ({ ...partition, topic: topicName }))
  )
}

/** Reads the records of one partition from `from` on that are durable at this moment. */
export async function fetchBatch(
  broker: KafkajsBroker,
  { topic, partition, from, maxBytes }: FetchTarget
): Promise<LogBatch> {
  const size = Math.min(Math.max(maxBytes, fetchBytesMin), fetchBytesMax)
  const [found] = await fetchPartitions(broker, [{ topic, partition, from, maxBytes: size }], 0)
  if (found === undefined) throw new Error(`an answer without ${topic}/${partition}`)
  return batchOf(found, from, maxBytes)
}

/**
 * Copies the records out of the answer, whose buffer may hold much more. Offsets may have gaps; a broker sends batches
 * whole, also what lies before `from` in the first of them; records of Kafka's own are left out.
 */
function batchOf({ messages, highWatermark }: FetchedPartition, from: number, maxBytes: number) {
  const builder = new LogBatchBuilder()
  const values: Buffer[] = []
  let size = 0
  let next = from
  for (const { offset: text, timestamp, value, isControlRecord } of messages) {
    const offset = Number(text)
    if (offset < from) continue
    if (!isControlRecord) {
      const bytes = value ?? empty
      const stored = alignedTo8(bytes.byteLength)
      if (builder.count > 0 && size + stored > maxBytes) break
      builder.add(offset, size, bytes.byteLength, Number(timestamp))
      values.push(bytes)
      size += stored
    }
    next = offset + 1
  }
  const into = new Uint8Array(size)
  let at = 0
  for (const value of values) {
    into.set(value, at)
    at += alignedTo8(value.byteLength)
  }
  // What was just acknowledged here may not be known yet to a leader that is new.
  return builder.finish(into, next, Math.max(Number(highWatermark), next))
}

const empty = Buffer.alloc(0)

function alignedTo8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}
