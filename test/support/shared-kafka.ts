import { randomBytes } from 'node:crypto'
import { inject } from 'vitest'
import './shared-kafka-host.ts'

/**
 * The broker that all tests of a run share. Tests that kill, stop or fill one start a `KafkaBroker` of their own.
 *
 * @returns its `host:port`
 * @throws with the reason when it cannot be started: such a run must fail
 */
export async function sharedKafka(): Promise<string> {
  const response = await fetch(inject('sharedKafkaHost'))
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text
}

/** A prefix for the topics of one test, so that tests that share the broker do not meet. */
export function ownPrefix(): string {
  return `t${randomBytes(6).toString('hex')}`
}
