import type { Node, ReplicaDescription } from '../../actors/index.ts'
import type { EmbeddedLog } from '../../streams/index.ts'
import { DigestModel } from './digest-model.ts'
import type { LogStory, PartitionStory, StoryRecord, TopicLife } from './log-story.ts'

/** The model's digests of each shard, by the offset up to which it has applied the records of a story. */
export class StoryDigests {
  readonly #byPartition = new Map<PartitionStory, string[]>()

  /** @returns the digest of a shard that has applied the whole partition; undefined when that ends otherwise than the story tells */
  async ofStory(
    log: EmbeddedLog,
    topic: string,
    partition: number,
    part: PartitionStory | undefined
  ): Promise<string | undefined> {
    const { end } = await log.ends(topic, partition)
    const last = part?.records[Number(end) - 1]
    if (part === undefined || last === undefined) return undefined
    const batch = await log.read(topic, partition, end - 1n, { maxBytes: 1 })
    const position = batch.positions[0] ?? 0
    const bytes = batch.bytes.subarray(position, position + (batch.lengths[0] ?? 0))
    return Buffer.compare(bytes, last.bytes) === 0 ? this.of(part)[Number(end) - 1] : undefined
  }

  /** @returns the digest after each record */
  of(part: PartitionStory): readonly string[] {
    let digests = this.#byPartition.get(part)
    if (digests === undefined) {
      const model = new DigestModel()
      digests = part.records.map(({ bytes }, offset) => {
        model.apply(bytes, BigInt(offset))
        return model.digest()
      })
      this.#byPartition.set(part, digests)
    }
    return digests
  }
}

/**
 * Compares a log that was opened on a disk of `steps` steps with what its users were told until then.
 *
 * @param only  the topics that are to be there; all of the story when it is not given
 * @returns what is wrong, one sentence each
 */
export async function wrongInLog(
  log: EmbeddedLog,
  story: LogStory,
  steps: number,
  only?: ReadonlySet<string>
): Promise<string[]> {
  const wrong: string[] = []
  const topics = new Map((await log.topics()).map(({ topic, partitions }) => [topic, partitions]))
  for (const topic of topics.keys()) {
    const life = story.lifeAt(topic, steps)
    if (life === undefined) wrong.push(`topic ${topic} was never made`)
    else if (life.deletedBy <= steps) wrong.push(`topic ${topic} was deleted`)
  }
  for (const topic of only ?? new Set(story.lives.map((life) => life.topic))) {
    const life = story.lifeAt(topic, steps)
    if (life === undefined) continue
    const isSure = life.createdBy <= steps && life.deletedFrom >= steps
    if (!topics.has(topic)) {
      if (isSure) wrong.push(`topic ${topic} is lost`)
      continue
    }
    wrong.push(...(await wrongInTopic(log, life, steps)))
  }
  return wrong
}

async function wrongInTopic(log: EmbeddedLog, life: TopicLife, steps: number): Promise<string[]> {
  const lists = await Promise.all(
    life.partitions.map((part, partition) =>
      wrongInPartition(log, life.topic, partition, part, steps)
    )
  )
  return lists.flat()
}

async function wrongInPartition(
  log: EmbeddedLog,
  topic: string,
  partition: number,
  part: PartitionStory,
  steps: number
): Promise<string[]> {
  const name = `${topic}/${partition}`
  const { start, end } = await log.ends(topic, partition)
  const wrong: string[] = []
  const trims = part.trims.filter(({ from }) => from < steps).map(({ before }) => Number(before))
  if (Number(start) > Math.max(0, ...trims))
    wrong.push(`${name} starts at ${start}, which nobody trimmed`)
  const acknowledged = part.records.findLastIndex(({ by }) => by <= steps)
  if (Number(end) <= acknowledged)
    wrong.push(`${name} ends at ${end}, but offset ${acknowledged} was acknowledged`)
  for (let at = start; at < end; ) {
    const batch = await log.read(topic, partition, at, { maxBytes: 1 << 20 })
    for (let i = 0; i < batch.count; i++) {
      const offset = Number(batch.offsets[i])
      const position = batch.positions[i] ?? 0
      const bytes = batch.bytes.subarray(position, position + (batch.lengths[i] ?? 0))
      if (!isTold(part, offset, bytes, steps))
        wrong.push(`${name} holds at offset ${offset} what was not written there`)
    }
    at = batch.nextOffset
  }
  return wrong
}

/** A record stands where it was acknowledged, or where none was and its outcome is open. */
function isTold(part: PartitionStory, offset: number, bytes: Uint8Array, steps: number): boolean {
  const isIt = (one: StoryRecord) => one.from < steps && Buffer.compare(one.bytes, bytes) === 0
  const told = part.records[offset]
  if (told !== undefined && (told.by <= steps || isIt(told))) return isIt(told)
  return part.others.some((one) => one.outcome !== 'refused' && isIt(one))
}

/**
 * Compares the shards of a node that has replayed a log with the model.
 *
 * @returns what is wrong, one sentence each
 */
export async function wrongInNode(
  node: Node,
  log: EmbeddedLog,
  digests: StoryDigests,
  story: LogStory
): Promise<string[]> {
  const wrong: string[] = []
  for (const collection of node.describe()) {
    const view = node.directory().collections.get(collection.collection)
    const topic = `c${collection.id}.g${view?.generation}`
    for (const shard of collection.shards) {
      wrong.push(...shard.checkpoint.damaged)
      wrong.push(...(await wrongInShard(log, topic, shard, digests, story)))
    }
  }
  return wrong
}

export async function wrongInShard(
  log: EmbeddedLog,
  topic: string,
  described: Pick<ReplicaDescription, 'shard' | 'nextOffset' | 'digest'>,
  digests: StoryDigests,
  story: LogStory
): Promise<string[]> {
  const { shard, nextOffset, digest } = described
  const { end } = await log.ends(topic, shard)
  if (BigInt(nextOffset) !== end)
    return [`${topic}/${shard} is at ${nextOffset}, the log at ${end}`]
  const part = story.life(topic)?.partitions[shard]
  const expected =
    (await digests.ofStory(log, topic, shard, part)) ?? (await digestOfLog(log, topic, shard, part))
  return digest === expected
    ? []
    : [`${topic}/${shard} at ${end} has digest ${digest}, not ${expected}`]
}

/** The model's digest of a partition. */
async function digestOfLog(
  log: EmbeddedLog,
  topic: string,
  shard: number,
  part: PartitionStory | undefined
): Promise<string> {
  const model = new DigestModel()
  const { start, end } = await log.ends(topic, shard)
  // What was trimmed only the story knows.
  const trimmed = part?.records.slice(0, Number(start)) ?? []
  trimmed.forEach(({ bytes }, offset) => {
    model.apply(bytes, BigInt(offset))
  })
  for (let at = start; at < end; ) {
    const batch = await log.read(topic, shard, at, { maxBytes: 1 << 20 })
    for (let i = 0; i < batch.count; i++) {
      const position = batch.positions[i] ?? 0
      const bytes = batch.bytes.subarray(position, position + (batch.lengths[i] ?? 0))
      model.apply(bytes, batch.offsets[i] ?? 0n)
    }
    at = batch.nextOffset
  }
  return model.digest()
}
