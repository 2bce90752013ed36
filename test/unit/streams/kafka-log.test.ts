import { Kafka, logLevel } from 'kafkajs'
import { expect, test } from 'vitest'
import { openKafkaLog } from '../../../streams/kafka/index.ts'
import { removeTopics } from '../../support/kafka-arguments.ts'
import { ownPrefix, sharedKafka } from '../../support/shared-kafka.ts'

test('offsets that Kafka uses for itself are passed over, in the middle and at the end of a log', async () => {
  const brokers = [await sharedKafka()]
  const prefix = ownPrefix()
  const log = await openKafkaLog({ brokers, prefix })
  await log.createTopic('t', { partitions: 1 })
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const producer = kafka.producer({
    transactionalId: prefix,
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: () => () => 0
  })
  await producer.connect()
  for (const value of ['a', 'b']) {
    const transaction = await producer.transaction()
    await transaction.send({ topic: `${prefix}.t`, messages: [{ value }] })
    // The end of a transaction takes an offset.
    await transaction.commit()
  }
  await producer.disconnect()
  // The broker answers a commit before it has written the transaction's end.
  await expect.poll(() => log.ends('t', 0), { timeout: 30_000 }).toEqual({ start: 0n, end: 4n })
  const batch = await log.read('t', 0, 0n, { maxBytes: 1000 })
  expect([...batch.offsets]).toEqual([0n, 2n])
  expect([batch.nextOffset, batch.endOffset]).toEqual([4n, 4n])
  const last = await log.read('t', 0, 3n, { maxBytes: 1000 })
  expect([last.count, last.nextOffset]).toEqual([0, 4n])
  expect(await log.waitForMore('t', 0, 4n, { timeoutMs: 10 })).toBe(false)
  expect([...(await log.append('t', 0, [new Uint8Array(1)]))]).toEqual([4n])
  await log.close()
  await removeTopics(brokers[0] ?? '', prefix)
})

test('a topic that someone made with other settings is refused, and named', async () => {
  const brokers = [await sharedKafka()]
  const prefix = ownPrefix()
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const configEntries = [{ name: 'cleanup.policy', value: 'compact' }]
  await admin.createTopics({
    topics: [{ topic: `${prefix}.t`, numPartitions: 1, configEntries }],
    waitForLeaders: false
  })
  const log = await openKafkaLog({ brokers, prefix })
  await expect(log.createTopic('t', { partitions: 1 })).rejects.toMatchObject({
    code: 'MILLRACE_LOG_TOPIC_UNFIT',
    details: { setting: 'cleanup.policy', found: 'compact', wanted: 'delete' }
  })
  await log.close()
  await admin.deleteTopics({ topics: [`${prefix}.t`] })
  await admin.disconnect()
})

test('a log whose brokers do not answer cannot be opened, and says why', async () => {
  const opening = openKafkaLog({
    brokers: ['127.0.0.1:1'],
    prefix: 'p',
    requestTimeoutMs: 300,
    appendTimeoutMs: 500
  })
  await expect(opening).rejects.toMatchObject({
    code: 'MILLRACE_LOG_UNREACHABLE',
    message: expect.stringContaining('ECONNREFUSED')
  })
})
