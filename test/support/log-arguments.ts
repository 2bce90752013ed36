import { createHash } from 'node:crypto'
import { openKafkaLog } from '../../streams/kafka/index.ts'
import { sharedKafka } from './shared-kafka.ts'

/** `TEST_LOG=kafka`: servers of this run have their log in the shared Kafka; the project `kafka` of vitest sets it. */
export const isOnKafka = process.env['TEST_LOG'] === 'kafka'

/** @returns the arguments that give a server on the folder `data` its log; the same folder gets the same log */
export async function logArguments(data: string): Promise<readonly string[]> {
  if (!isOnKafka) return []
  return kafkaArguments(await sharedKafka(), prefixOf(data))
}

export function kafkaArguments(brokers: string, prefix: string): readonly string[] {
  const kafka = ['--log.kafka.brokers', brokers, '--log.kafka.prefix', prefix]
  // Topics of tests are small, and Kafka maps files of the size of a segment.
  return ['--log.driver', 'kafka', ...kafka, '--log.segmentBytes', '16MiB']
}

/** Removes what servers on that folder have left in Kafka. */
export async function removeLog(data: string): Promise<void> {
  if (!isOnKafka) return
  await removeTopics(await sharedKafka(), prefixOf(data))
}

export async function removeTopics(brokers: string, prefix: string): Promise<void> {
  const log = await openKafkaLog({ brokers: [brokers], prefix })
  for (const { topic } of await log.topics()) await log.deleteTopic(topic)
  await log.close()
}

function prefixOf(data: string): string {
  return `t${createHash('sha256').update(data).digest('hex').slice(0, 16)}`
}
