import { openKafkaLog } from '../../streams/kafka/index.ts'

/** @returns the arguments of a server whose log is in Kafka */
export function kafkaArguments(brokers: string, prefix: string): readonly string[] {
  const kafka = ['--log.kafka.brokers', brokers, '--log.kafka.prefix', prefix]
  // Topics of tests are small, and Kafka maps files of the size of a segment.
  return ['--log.driver', 'kafka', ...kafka, '--log.segmentBytes', '16MiB']
}

/** Removes what servers with that prefix have left in Kafka. */
export async function removeTopics(brokers: string, prefix: string): Promise<void> {
  const log = await openKafkaLog({ brokers: [brokers], prefix })
  for (const { topic } of await log.topics()) await log.deleteTopic(topic)
  await log.close()
}
