import { expect, test } from 'vitest'
import { temporaryFolder } from '../support/folders.ts'
import { KafkaBroker } from '../support/kafka-broker.ts'
import { eventually, isReady, startKafkaNode } from '../support/kafka-nodes.ts'

test('a node whose broker is gone is isolated, says so, answers reads, and serves again when it is back', {
  timeout: 300_000
}, async () => {
  const broker = await KafkaBroker.start()
  const impatient = ['--log.kafka.requestTimeoutMs', '1000', '--log.kafka.appendTimeoutMs', '4000']
  const node = await startKafkaNode(broker.address, 'iso', temporaryFolder(), ...impatient)
  try {
    const { client } = node
    await client.call('PUT', '/collections/c', { vectors: { size: 1, distance: 'Dot' } })
    await client.call('PUT', '/collections/c/points?wait=true', {
      points: [{ id: 1, vector: [1] }]
    })
    const stateOf = async () => {
      const { result } = await client.call('GET', '/millrace/actors')
      const actors = result as { kind: string; state: string; lastError: string | null }[]
      return actors.find(({ kind }) => kind === 'node')
    }
    await broker.kill()
    await eventually('it is isolated', async () => (await stateOf())?.state === 'isolated', 90_000)
    expect((await stateOf())?.lastError).toEqual(expect.any(String))
    expect((await client.send('GET', '/readyz')).status).toBe(503)
    expect((await client.send('POST', '/collections/c/points/count', {})).status).toBe(200)
    await broker.restart()
    await eventually('it serves', async () => (await stateOf())?.state === 'serving', 90_000)
    await eventually('it is ready', () => isReady(node))
  } finally {
    await node.stop()
    await broker.stop()
  }
})
