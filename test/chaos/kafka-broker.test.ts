import { Kafka, logLevel } from 'kafkajs'
import { expect, test } from 'vitest'
import { KafkaBroker } from '../support/kafka-broker.ts'
import { ownPrefix, sharedKafka } from '../support/shared-kafka.ts'

function clientOf(address: string): Kafka {
  return new Kafka({ brokers: [address], logLevel: logLevel.NOTHING })
}

test('all tests of a run share one broker, and it answers', async () => {
  const [first, second] = await Promise.all([sharedKafka(), sharedKafka()])
  expect(second).toBe(first)
  expect(ownPrefix()).not.toBe(ownPrefix())
  const admin = clientOf(first).admin()
  await admin.connect()
  const { brokers } = await admin.describeCluster()
  expect(brokers.map(({ host, port }) => `${host}:${port}`)).toEqual([first])
  await admin.disconnect()
})

test('a broker that was killed comes back on its address with what it had acknowledged', async () => {
  const broker = await KafkaBroker.start()
  try {
    const kafka = clientOf(broker.address)
    const [admin, producer] = [kafka.admin(), kafka.producer({ createPartitioner: () => () => 0 })]
    await Promise.all([admin.connect(), producer.connect()])
    await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }] })
    await producer.send({ topic: 'kept', messages: [{ value: 'one' }, { value: 'two' }] })
    await broker.kill()
    await broker.restart()
    expect(await admin.fetchTopicOffsets('kept')).toMatchObject([{ low: '0', high: '2' }])
    await Promise.all([admin.disconnect(), producer.disconnect()])
  } finally {
    await broker.stop()
  }
})
