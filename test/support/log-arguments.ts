import { createHash } from 'node:crypto'
import { kafkaArguments, removeTopics } from './kafka-arguments.ts'
import { sharedKafka } from './shared-kafka.ts'

/** Servers of this run have their log in the shared Kafka; the project `on Kafka` of vitest sets it. */
const isOnKafka = process.env['TEST_LOG'] === 'kafka'

/** @returns the arguments that give a server on the folder `data` its log; the same folder gets the same log */
export async function logArguments(data: string): Promise<readonly string[]> {
  if (!isOnKafka) return []
  return kafkaArguments(await sharedKafka(), prefixOf(data))
}

/** Removes what servers on that folder have left in Kafka. */
export async function removeLog(data: string): Promise<void> {
  if (!isOnKafka) return
  await removeTopics(await sharedKafka(), prefixOf(data))
}

function prefixOf(data: string): string {
  return `t${createHash('sha256').update(data).digest('hex').slice(0, 16)}`
}
