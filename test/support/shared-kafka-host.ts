/** Keeps one Kafka broker for a whole run of vitest: started when the first test asks for it, stopped at the end. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import { KafkaBroker } from './kafka-broker.ts'

declare module 'vitest' {
  interface ProvidedContext {
    sharedKafkaHost: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let broker: Promise<KafkaBroker> | undefined
  const server = createServer((_request, response) => {
    broker ??= KafkaBroker.start()
    broker.then(
      ({ address }) => response.end(address),
      (cause: Error) => response.writeHead(500).end(cause.message)
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  project.provide('sharedKafkaHost', `http://127.0.0.1:${port}`)
  return async () => {
    server.close()
    await broker?.then(
      (started) => started.stop(),
      () => undefined
    )
  }
}
