import { isEngineError } from '../../src/errors/index.ts'
import type { EmbeddedLog } from '../../streams/index.ts'

/** A record and when it was written, counted in steps of the trace of the disk. */
export interface StoryRecord {
  readonly bytes: Uint8Array
  /** Nothing of it can be on a disk of no more steps. */
  readonly from: number
  /** From so many steps on it must be there; Infinity when it was not acknowledged. */
  by: number
  /** Whether the log said that it is not there, or that nobody can tell. */
  outcome: 'open' | 'kept' | 'refused' | 'unknown'
}

export interface PartitionStory {
  /** Those acknowledged, by offset. */
  readonly records: StoryRecord[]
  /** Those that were not, in the order of their calls. */
  readonly others: StoryRecord[]
  readonly trims: { readonly from: number; readonly before: bigint }[]
}

/** One life of a topic, from a creation to a deletion. */
export interface TopicLife {
  readonly topic: string
  readonly createdFrom: number
  createdBy: number
  deletedFrom: number
  deletedBy: number
  readonly partitions: readonly PartitionStory[]
}

/** What the users of a log asked of it, and what they were told. */
export class LogStory {
  readonly lives: TopicLife[] = []

  /** @returns the life that a topic has or had last */
  life(topic: string): TopicLife | undefined {
    return this.lives.findLast((one) => one.topic === topic)
  }

  /** @returns the life in which a topic may be found on a disk of so many steps */
  lifeAt(topic: string, steps: number): TopicLife | undefined {
    return this.lives.findLast((one) => one.topic === topic && one.createdFrom < steps)
  }
}

/** The same log, with every call written into the story. */
export function toldLog(log: EmbeddedLog, story: LogStory, steps: () => number): EmbeddedLog {
  const lifeOf = (topic: string) => {
    const life = story.life(topic)
    if (life === undefined) throw new Error(`no topic ${topic} in the story`)
    return life
  }
  return {
    driver: log.driver,
    async createTopic(topic, options) {
      let life = story.life(topic)
      if (life === undefined || life.deletedFrom < Infinity) {
        const partitions = Array.from({ length: options.partitions }, () => ({
          records: [],
          others: [],
          trims: []
        }))
        const never = Number.POSITIVE_INFINITY
        life = {
          topic,
          createdFrom: steps(),
          createdBy: never,
          deletedFrom: never,
          deletedBy: never,
          partitions
        }
        story.lives.push(life)
      }
      await log.createTopic(topic, options)
      life.createdBy = Math.min(life.createdBy, steps())
    },
    async deleteTopic(topic) {
      const life = lifeOf(topic)
      life.deletedFrom = Math.min(life.deletedFrom, steps())
      await log.deleteTopic(topic)
      life.deletedBy = Math.min(life.deletedBy, steps())
    },
    async append(topic, partition, records) {
      const from = steps()
      const told = records.map(
        (bytes): StoryRecord => ({ bytes, from, by: Number.POSITIVE_INFINITY, outcome: 'open' })
      )
      const part = lifeOf(topic).partitions[partition]
      part?.others.push(...told)
      const settle = (outcome: StoryRecord['outcome'], by: number) => {
        for (const one of told) Object.assign(one, { outcome, by })
      }
      try {
        const offsets = await log.append(topic, partition, records)
        settle('kept', steps())
        told.forEach((one, i) => {
          part?.others.splice(part.others.indexOf(one), 1)
          if (part !== undefined) part.records[Number(offsets[i])] = one
        })
        return offsets
      } catch (error) {
        const isUnknown = isEngineError(error, 'MILLRACE_LOG_OUTCOME_UNKNOWN')
        settle(isUnknown ? 'unknown' : 'refused', Number.POSITIVE_INFINITY)
        throw error
      }
    },
    async trimBefore(topic, partition, before) {
      lifeOf(topic).partitions[partition]?.trims.push({ from: steps(), before })
      await log.trimBefore(topic, partition, before)
    },
    topics: () => log.topics(),
    read: (...args) => log.read(...args),
    waitForMore: (...args) => log.waitForMore(...args),
    ends: (...args) => log.ends(...args),
    offsetAt: (...args) => log.offsetAt(...args),
    stats: () => log.stats(),
    releaseCache: () => log.releaseCache(),
    cacheBytes: () => log.cacheBytes(),
    close: () => log.close()
  }
}
