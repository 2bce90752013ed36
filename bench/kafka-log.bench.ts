import { openKafkaLog } from '../streams/kafka/index.ts'
import { kafkaArguments } from '../test/support/kafka-arguments.ts'
import { KafkaBroker } from '../test/support/kafka-broker.ts'
import { measureAppends, measureReads } from './append-load.ts'
import { run as runReplay } from './replay.bench.ts'

/** How fast does one Kafka broker on this machine make records durable and give them back, and how fast does a node replay it? */
export async function run({ size }: { readonly size: 'small' | 'real' }) {
  const broker = await KafkaBroker.start()
  try {
    const large = await measure(broker, 65536, size === 'small' ? 256 : 8192)
    const small = await measure(broker, 600, size === 'small' ? 2000 : 200000)
    const { replaySeconds, pointsPerSecond, points, dimension } = await runReplay({
      size,
      logArguments: kafkaArguments(broker.address, 'replay')
    })
    const replay = { points, dimension, replaySeconds, pointsPerSecond }
    return { bench: 'kafka-log', size, recordBytes65536: large, recordBytes600: small, replay }
  } finally {
    await broker.stop()
  }
}

async function measure({ address }: KafkaBroker, recordBytes: number, records: number) {
  const log = await openKafkaLog({ brokers: [address], prefix: `bench${recordBytes}` })
  try {
    const appends = await measureAppends(log, recordBytes, records)
    return { ...appends, readMbPerSecond: await measureReads(log) }
  } finally {
    await log.close()
  }
}
