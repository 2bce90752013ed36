import { afterEach, describe, expect, test } from 'vitest'
import type { Log, LogBatch } from '../../streams/index.ts'

/** How the suite gets a log: `open` again after `close` finds what was appended. */
export interface LogHarness {
  open(): Promise<Log>
  /** Removes everything. */
  dispose(): Promise<void>
}

export function recordsOf(batch: LogBatch): Uint8Array[] {
  return Array.from(batch.positions, (position, i) =>
    batch.bytes.subarray(position, position + (batch.lengths[i] ?? 0))
  )
}

export async function readAll(log: Log, topic: string, partition: number, from?: bigint) {
  const records: Uint8Array[] = []
  const offsets: bigint[] = []
  const times: number[] = []
  const { start, end } = await log.ends(topic, partition)
  for (let at = from ?? start; at < end; ) {
    const batch = await log.read(topic, partition, at, { maxBytes: 1 << 20 })
    expect(batch.nextOffset).toBeGreaterThan(at)
    records.push(...recordsOf(batch))
    offsets.push(...batch.offsets)
    times.push(...batch.appendTimesMs)
    at = batch.nextOffset
  }
  return { records, offsets, times }
}

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (record: Uint8Array | undefined) => new TextDecoder().decode(record)
const code = (wanted: string) => expect.objectContaining({ code: wanted })

/** What every driver of the log must do. The log's segments must be small enough that 4 MiB fill several. */
export function logConformance(name: string, makeHarness: () => Promise<LogHarness>): void {
  describe(`${name} log`, () => {
    let harness: LogHarness | undefined
    let log: Log
    const opened = async (partitions = 1) => {
      harness = await makeHarness()
      log = await harness.open()
      await log.createTopic('t', { partitions })
      return log
    }
    afterEach(async () => {
      await log?.close()
      await harness?.dispose()
      harness = undefined
    })

    test('an empty log has no records and both ends at 0', async () => {
      await opened()
      expect(await log.ends('t', 0)).toEqual({ start: 0n, end: 0n })
      const batch = await log.read('t', 0, 0n, { maxBytes: 100 })
      expect(batch.count).toBe(0)
      expect(batch.nextOffset).toBe(0n)
    })

    test('records are read in the order of the calls, aligned, at the offsets that append gave', async () => {
      await opened()
      const appends = Array.from({ length: 50 }, (_, i) =>
        log.append('t', 0, [bytes(`a${i}`), bytes(`b${i}`), new Uint8Array(0)])
      )
      const given = (await Promise.all(appends)).flatMap((offsets) => [...offsets])
      const { records, offsets } = await readAll(log, 't', 0)
      expect(offsets).toEqual(given)
      expect(records.map(text)).toEqual(
        Array.from({ length: 50 }, (_, i) => [`a${i}`, `b${i}`, '']).flat()
      )
      const batch = await log.read('t', 0, given[0] ?? 0n, { maxBytes: 1 << 20 })
      for (const position of batch.positions) {
        expect((batch.bytes.byteOffset + position) % 8).toBe(0)
      }
    })

    test('an append can be read at once', async () => {
      await opened()
      for (let i = 0; i < 20; i++) {
        const [offset = -1n] = await log.append('t', 0, [bytes(`${i}`)])
        const batch = await log.read('t', 0, offset, { maxBytes: 1 })
        expect(text(recordsOf(batch)[0])).toBe(`${i}`)
        expect(batch.endOffset).toBe((await log.ends('t', 0)).end)
      }
    })

    test('a read gives at least one record and no more than fit', async () => {
      await opened()
      await log.append(
        't',
        0,
        Array.from({ length: 10 }, () => new Uint8Array(1000))
      )
      const one = await log.read('t', 0, 0n, { maxBytes: 1 })
      expect(one.count).toBe(1)
      const some = await log.read('t', 0, one.nextOffset, { maxBytes: 3500 })
      expect(some.count).toBe(3)
    })

    test('the partitions of a topic have offsets of their own', async () => {
      await opened(3)
      await Promise.all([0, 1, 2].map((p) => log.append('t', p, [bytes(`p${p}`)])))
      for (const p of [0, 1, 2]) {
        expect((await readAll(log, 't', p)).records.map(text)).toEqual([`p${p}`])
      }
    })

    test('a reader that waits wakes when a record is appended', async () => {
      await opened()
      const waiting = log.waitForMore('t', 0, 0n, { timeoutMs: 10_000 })
      await log.append('t', 0, [bytes('x')])
      expect(await waiting).toBe(true)
      expect(await log.waitForMore('t', 0, 0n)).toBe(true)
    })

    test('a wait ends with its time or its signal', async () => {
      await opened()
      expect(await log.waitForMore('t', 0, 0n, { timeoutMs: 5 })).toBe(false)
      const controller = new AbortController()
      const waiting = log.waitForMore('t', 0, 0n, { signal: controller.signal })
      controller.abort()
      expect(await waiting).toBe(false)
    })

    test('offsets outside of the log are refused', async () => {
      await opened()
      const [offset = 0n] = await log.append('t', 0, [bytes('x')])
      await expect(log.read('t', 0, offset + 1000n, { maxBytes: 1 })).rejects.toEqual(
        code('MILLRACE_LOG_OFFSET_OUT_OF_RANGE')
      )
    })

    test('after a trim the old records are out of range and the kept ones can be read', async () => {
      await opened()
      for (let i = 0; i < 64; i++) await log.append('t', 0, [new Uint8Array(65536).fill(i)])
      const { end } = await log.ends('t', 0)
      await log.trimBefore('t', 0, 48n)
      const { start } = await log.ends('t', 0)
      expect(start).toBeGreaterThan(0n)
      expect(start).toBeLessThanOrEqual(48n)
      expect((await log.ends('t', 0)).end).toBe(end)
      await expect(log.read('t', 0, 0n, { maxBytes: 1 })).rejects.toEqual(
        code('MILLRACE_LOG_OFFSET_OUT_OF_RANGE')
      )
      const { records, offsets } = await readAll(log, 't', 0)
      records.forEach((record, i) => {
        expect(record[0]).toBe(Number(offsets[i]))
      })
      await log.close()
      log = await (harness as LogHarness).open()
      expect(await log.ends('t', 0)).toEqual({ start, end })
    })

    test('a log that is closed and opened again has the same records, times and ends', async () => {
      await opened(2)
      for (let i = 0; i < 30; i++) await log.append('t', i % 2, [bytes(`r${i}`)])
      const before = await readAll(log, 't', 1)
      await log.close()
      log = await (harness as LogHarness).open()
      expect(await log.topics()).toEqual([{ topic: 't', partitions: 2 }])
      expect(await readAll(log, 't', 1)).toEqual(before)
      const [offset] = await log.append('t', 1, [bytes('later')])
      expect(offset).toBeGreaterThan(before.offsets.at(-1) ?? 0n)
    })

    test('concurrent appenders and readers agree on one order', async () => {
      await opened()
      const perWriter = 200
      const writers = Array.from({ length: 4 }, async (_, w) => {
        for (let i = 0; i < perWriter; i++) await log.append('t', 0, [bytes(`${w}:${i}`)])
      })
      const readers = Array.from({ length: 3 }, async () => {
        const seen: string[] = []
        for (let at = 0n; seen.length < 4 * perWriter; ) {
          await log.waitForMore('t', 0, at)
          const batch = await log.read('t', 0, at, { maxBytes: 500 })
          seen.push(...recordsOf(batch).map(text))
          at = batch.nextOffset
        }
        return seen
      })
      await Promise.all(writers)
      const [first = [], ...others] = await Promise.all(readers)
      for (const other of others) expect(other).toEqual(first)
      for (let w = 0; w < 4; w++) {
        const own = first.filter((record) => record.startsWith(`${w}:`))
        expect(own).toEqual(Array.from({ length: perWriter }, (_, i) => `${w}:${i}`))
      }
    })

    test('a large record comes back whole, and one over the limit is refused before it is written', async () => {
      await opened()
      const large = new Uint8Array(8 * 1024 * 1024).map((_, i) => i * 7)
      const [offset = 0n] = await log.append('t', 0, [large])
      const [record] = recordsOf(await log.read('t', 0, offset, { maxBytes: 10 }))
      expect(Buffer.compare(record as Uint8Array, large)).toBe(0)
      const { end } = await log.ends('t', 0)
      const tooLarge = new Uint8Array(large.byteLength + 1)
      await expect(log.append('t', 0, [bytes('a'), tooLarge])).rejects.toEqual(
        code('MILLRACE_LOG_RECORD_TOO_LARGE')
      )
      expect((await log.ends('t', 0)).end).toBe(end)
    })

    test('100,000 small records come back in order', async () => {
      await opened()
      const appends: Promise<unknown>[] = []
      for (let i = 0; i < 1000; i++) {
        const records = Array.from({ length: 100 }, (_, k) => bytes(`${i * 100 + k}`))
        appends.push(log.append('t', 0, records))
      }
      await Promise.all(appends)
      const { records } = await readAll(log, 't', 0)
      expect(records.length).toBe(100_000)
      expect(records.every((record, i) => text(record) === `${i}`)).toBe(true)
    })

    test('creating and deleting a topic twice does no harm', async () => {
      await opened()
      await log.append('t', 0, [bytes('x')])
      await log.createTopic('t', { partitions: 1 })
      expect((await log.ends('t', 0)).end).toBe(1n)
      await expect(log.createTopic('t', { partitions: 2 })).rejects.toEqual(
        code('MILLRACE_LOG_TOPIC_MISMATCH')
      )
      await log.deleteTopic('t')
      await log.deleteTopic('t')
      expect(await log.topics()).toEqual([])
      await expect(log.append('t', 0, [bytes('x')])).rejects.toEqual(
        code('MILLRACE_LOG_TOPIC_UNKNOWN')
      )
      await log.createTopic('t', { partitions: 1 })
      expect((await log.ends('t', 0)).end).toBe(0n)
    })

    test('a topic that is deleted rejects those who wait on it', async () => {
      await opened()
      const waiting = log.waitForMore('t', 0, 0n)
      const rejected = expect(waiting).rejects.toEqual(code('MILLRACE_LOG_TOPIC_UNKNOWN'))
      await log.deleteTopic('t')
      await rejected
    })

    test('append times never fall, and offsetAt finds the first record at or after a time', async () => {
      await opened()
      for (let i = 0; i < 40; i++) await log.append('t', 0, [new Uint8Array(2000)])
      const { times, offsets } = await readAll(log, 't', 0)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
      expect(await log.offsetAt('t', 0, 0)).toBe(offsets[0])
      const middle = times[20] ?? 0
      expect(await log.offsetAt('t', 0, middle)).toBe(offsets[times.indexOf(middle)])
      expect(await log.offsetAt('t', 0, (times.at(-1) ?? 0) + 1000)).toBe(
        (await log.ends('t', 0)).end
      )
    })

    test('closing waits for appends under way and refuses what comes later', async () => {
      await opened()
      const appends = Array.from({ length: 10 }, (_, i) => log.append('t', 0, [bytes(`${i}`)]))
      const waiting = expect(log.waitForMore('t', 0, 100n)).rejects.toEqual(
        code('MILLRACE_LOG_CLOSED')
      )
      await log.close()
      await waiting
      expect((await Promise.all(appends)).length).toBe(10)
      await expect(log.append('t', 0, [bytes('x')])).rejects.toEqual(code('MILLRACE_LOG_CLOSED'))
      await expect(log.read('t', 0, 0n, { maxBytes: 1 })).rejects.toEqual(
        code('MILLRACE_LOG_CLOSED')
      )
      await log.close()
    })
  })
}
