import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { isEngineError } from '../../src/errors/index.ts'
import type { Log } from '../../streams/index.ts'
import { openKafkaLog } from '../../streams/kafka/index.ts'
import { KafkaBroker, startKafkaCluster } from '../support/kafka-broker.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'
import { isLongRun } from '../support/sizes.ts'

const partitions = 2
const text = new TextDecoder()

/** Appends numbered records to one partition until told to stop; gives those that were acknowledged. */
async function appendUntil(log: Log, partition: number, isOver: () => boolean) {
  const acknowledged: { number: number; offset: bigint }[] = []
  let number = 0
  let failures = 0
  while (!isOver()) {
    const first = number
    const records = Array.from({ length: 3 }, () => new TextEncoder().encode(`${number++}`))
    try {
      const offsets = await log.append('t', partition, records)
      offsets.forEach((offset, i) => {
        acknowledged.push({ number: first + i, offset })
      })
    } catch (cause) {
      if (!isEngineError(cause)) throw cause
      expect(cause.retryable, cause.message).toBe(true)
      failures += 1
    }
  }
  return { acknowledged, failures }
}

async function readAll(log: Log, partition: number) {
  const found: { number: number; offset: bigint }[] = []
  const { start, end } = await log.ends('t', partition)
  for (let at = start; at < end; ) {
    const batch = await log.read('t', partition, at, { maxBytes: 1 << 20 })
    for (let i = 0; i < batch.count; i++) {
      const from = batch.positions[i] ?? 0
      const bytes = batch.bytes.subarray(from, from + (batch.lengths[i] ?? 0))
      found.push({ number: Number(text.decode(bytes)), offset: batch.offsets[i] ?? 0n })
    }
    at = batch.nextOffset
  }
  return found
}

/** Follows a partition as a replica does, over every failure, and gives the numbers as they came. */
async function follow(log: Log, partition: number, isOver: () => boolean): Promise<number[]> {
  const seen: number[] = []
  let at = 0n
  while (true) {
    try {
      const batch = await log.read('t', partition, at, { maxBytes: 1 << 20 })
      for (let i = 0; i < batch.count; i++) {
        const from = batch.positions[i] ?? 0
        const bytes = batch.bytes.subarray(from, from + (batch.lengths[i] ?? 0))
        seen.push(Number(text.decode(bytes)))
      }
      at = batch.nextOffset
      if (batch.count > 0) continue
      if (isOver() && at === (await log.ends('t', partition)).end) return seen
      await log.waitForMore('t', partition, at, { timeoutMs: 200 })
    } catch (cause) {
      if (!isEngineError(cause) || !cause.retryable) throw cause
      await sleep(50)
    }
  }
}

/** Records that stand twice have the place of their first copy. */
function withoutCopies(numbers: readonly number[]): number[] {
  const seen = new Set<number>()
  return numbers.filter((number) => !seen.has(number) && seen.add(number))
}

async function breakAndCheck(
  brokers: readonly KafkaBroker[],
  rounds: number,
  breakOnce: (round: number, random: Random) => Promise<void>
): Promise<void> {
  const random = new Random(testSeed())
  const log = await openKafkaLog({
    brokers: brokers.map(({ address }) => address),
    prefix: 'p',
    requestTimeoutMs: 1_000,
    appendTimeoutMs: 4_000
  })
  try {
    await log.createTopic('t', { partitions })
    let isOver = false
    let isWritten = false
    const numbers = Array.from({ length: partitions }, (_, i) => i)
    const appending = Promise.all(numbers.map((i) => appendUntil(log, i, () => isOver)))
    const following = Promise.all(numbers.map((i) => follow(log, i, () => isWritten)))
    for (let round = 0; round < rounds; round++) {
      await sleep(200 + random.below(300))
      await breakOnce(round, random)
      // It comes back by itself: within this time the next append is acknowledged.
      await log.append('t', 0, [new TextEncoder().encode(`${1e9 + round}`)])
    }
    await sleep(300)
    isOver = true
    const written = await appending
    isWritten = true
    const followed = await following
    for (const partition of numbers) {
      const { acknowledged = [], failures = 0 } = written[partition] ?? {}
      const found = await readAll(log, partition)
      expect(acknowledged.length).toBeGreaterThan(0)
      const at = new Map(found.map(({ offset, number }) => [offset, number]))
      for (const { offset, number } of acknowledged) expect(at.get(offset)).toBe(number)
      const first = withoutCopies(found.map(({ number }) => number)).filter((n) => n < 1e9)
      const known = new Set(acknowledged.map(({ number }) => number))
      expect(first.filter((number) => known.has(number))).toEqual([...known])
      expect(followed[partition]).toEqual(found.map(({ number }) => number))
      console.info(
        `partition ${partition}: ${acknowledged.length} acknowledged, ${failures} failures, ${found.length - new Set(found.map((one) => one.number)).size} copies`
      )
    }
  } finally {
    await log.close()
  }
}

test('P1 a broker killed, frozen and restarted under load loses nothing acknowledged, and appends go on by themselves', {
  timeout: 600_000
}, async () => {
  const broker = await KafkaBroker.start()
  try {
    await breakAndCheck([broker], isLongRun ? 30 : 3, async (round, random) => {
      if (round % 3 === 0) {
        await broker.kill()
        await sleep(random.below(1_000))
        await broker.restart()
      } else if (round % 3 === 1) {
        broker.pause()
        // Longer than a request may take, so that the same records are sent again.
        await sleep(1_500 + random.below(1_500))
        broker.resume()
      } else {
        await broker.restart()
      }
    })
  } finally {
    await broker.stop()
  }
})

test('P1 when the broker that leads is killed another one leads, and nothing acknowledged is lost', {
  timeout: 600_000
}, async () => {
  const brokers = await startKafkaCluster(2)
  const [, second] = brokers as [KafkaBroker, KafkaBroker]
  try {
    // Of two partitions each broker leads one.
    await breakAndCheck(brokers, isLongRun ? 5 : 1, async () => {
      await second.kill()
      await sleep(3_000)
      await second.restart()
    })
  } finally {
    await Promise.all(brokers.map((broker) => broker.stop()))
  }
})
