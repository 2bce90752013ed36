import { openKafkaLog } from '../../streams/kafka/index.ts'
import { ownPrefix, sharedKafka } from '../support/shared-kafka.ts'
import { logConformance } from './log-conformance.ts'

logConformance('Kafka', async () => {
  const brokers = [await sharedKafka()]
  const prefix = ownPrefix()
  const open = () => openKafkaLog({ brokers, prefix, segmentBytes: 1 << 20 })
  return {
    open,
    async dispose() {
      const log = await open()
      for (const { topic } of await log.topics()) await log.deleteTopic(topic)
      await log.close()
    }
  }
})
