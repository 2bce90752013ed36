import { expect, test } from 'vitest'
import { type LogEvent, openEmbeddedLog } from '../../streams/index.ts'
import { readAll, recordsOf } from '../contract/log-conformance.ts'
import { FaultyFiles } from '../support/faulty-files.ts'
import { randomFrom, testSeed } from '../support/seed.ts'

const path = '/log/t/0/00000000000000000000.log'
const open = (
  files: FaultyFiles,
  onEvent: (event: LogEvent) => void = () => {},
  segmentBytes = 65536
) => openEmbeddedLog({ folder: '/log', files, segmentBytes, onEvent, endMarkMs: Infinity })

/** Five batches as a killed process leaves them. @returns where each batch starts, and the end */
async function killedLog() {
  const files = new FaultyFiles()
  const log = await open(files)
  await log.createTopic('t', { partitions: 1 })
  for (let i = 0; i < 5; i++) await log.append('t', 0, [new Uint8Array(45 + i).fill(i + 1)])
  const starts: number[] = [64]
  const view = new DataView(files.content(path).buffer)
  for (let i = 0; i < 5; i++)
    starts.push((starts[i] ?? 0) + view.getUint32((starts[i] ?? 0) + 8, true))
  files.crash(() => 1)
  return { files, starts }
}

test('a last batch that is torn at any byte is cut, and the log continues before it', async () => {
  const { files, starts } = await killedLog()
  const [from = 0, to = 0] = starts.slice(4)
  for (let cut = from; cut < to; cut++) {
    for (const fill of ['short', 'zeros', 'garbage'] as const) {
      const copy = files.clone()
      const bytes = copy.content(path)
      if (fill === 'short') copy.replace(path, bytes.slice(0, cut))
      else bytes.fill(fill === 'zeros' ? 0 : 0xa5, cut, to)
      const isWhole =
        fill === 'zeros' &&
        bytes.subarray(cut, to).every((byte, i) => byte === files.content(path)[cut + i])
      const events: LogEvent[] = []
      const log = await open(copy, (event) => events.push(event))
      const { records } = await readAll(log, 't', 0)
      expect(
        records.map((record) => record[0]),
        `${fill} from byte ${cut}`
      ).toEqual(isWhole ? [1, 2, 3, 4, 5] : [1, 2, 3, 4])
      const isTorn = !isWhole && !(cut === from && fill !== 'garbage')
      expect(
        events.some((event) => event.kind === 'tail.cut'),
        `${fill} from byte ${cut}`
      ).toBe(isTorn)
      const [offset] = await log.append('t', 0, [new Uint8Array(9).fill(9)])
      expect(offset).toBe(isWhole ? 5n : 4n)
      await log.close()
      const again = await open(copy)
      expect((await readAll(again, 't', 0)).records.at(-1)?.[0]).toBe(9)
      await again.close()
    }
  }
})

test('a flipped byte before the last batch is damage: nothing beyond is served, and the place is named', async () => {
  const { files, starts } = await killedLog()
  for (let at = 64; at < (starts[4] ?? 0); at++) {
    const copy = files.clone()
    const bytes = copy.content(path)
    bytes[at] = (bytes[at] ?? 0) ^ 0x10
    const log = await open(copy)
    const batch = starts.findLastIndex((start) => start <= at)
    const damage = {
      code: 'MILLRACE_LOG_CORRUPT',
      details: { file: path, position: starts[batch], offset: batch }
    }
    await expect(log.ends('t', 0), `byte ${at}`).rejects.toMatchObject(damage)
    await expect(log.append('t', 0, [new Uint8Array(1)])).rejects.toMatchObject(damage)
    await expect(log.read('t', 0, BigInt(batch), { maxBytes: 1000 })).rejects.toMatchObject(damage)
    if (batch > 0) {
      const before = await log.read('t', 0, 0n, { maxBytes: 1000 })
      expect(recordsOf(before).map((record) => record[0])).toEqual([1, 2, 3, 4, 5].slice(0, batch))
    }
    await log.close()
  }
})

test('a flipped byte in the last batch is damage when the end was marked', async () => {
  const files = new FaultyFiles()
  const options = { folder: '/log', segmentBytes: 65536, endMarkMs: 0 }
  const log = await openEmbeddedLog({ ...options, files })
  await log.createTopic('t', { partitions: 1 })
  await log.append('t', 0, [new Uint8Array(45).fill(1)])
  await log.append('t', 0, [new Uint8Array(45).fill(2)])
  const start = 64 + 64 + 56
  const end = start + 64 + 56
  const view = new DataView(files.content(path).buffer)
  while (view.getUint32(end, true) === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  files.crash(() => 1)
  for (let at = start; at < end; at++) {
    const copy = files.clone()
    const bytes = copy.content(path)
    bytes[at] = (bytes[at] ?? 0) ^ 0x10
    const again = await openEmbeddedLog({ ...options, files: copy })
    await expect(again.ends('t', 0), `byte ${at}`).rejects.toMatchObject({
      code: 'MILLRACE_LOG_CORRUPT',
      details: { file: path, position: start, offset: 1 }
    })
    await again.close()
  }
  const events: LogEvent[] = []
  const whole = await open(files, (event) => events.push(event))
  expect(await whole.append('t', 0, [new Uint8Array(9).fill(3)])).toEqual(BigUint64Array.of(2n))
  expect(events).toEqual([])
  await whole.close()
  const again = await open(files)
  expect((await readAll(again, 't', 0)).records.map((one) => one[0])).toEqual([1, 2, 3])
  await again.close()
})

test('a flipped byte in a sealed segment is damage when it is read', async () => {
  const files = new FaultyFiles()
  const log = await open(files, undefined, 4096)
  await log.createTopic('t', { partitions: 1 })
  for (let i = 0; i < 30; i++) await log.append('t', 0, [new Uint8Array(500).fill(i)])
  await log.close()
  const bytes = files.content(path)
  bytes[1000] = (bytes[1000] ?? 0) ^ 1
  const again = await open(files, undefined, 4096)
  const good = await again.read('t', 0, 0n, { maxBytes: 10_000 })
  expect(good.nextOffset).toBe(1n)
  await expect(again.read('t', 0, 1n, { maxBytes: 10_000 })).rejects.toMatchObject({
    code: 'MILLRACE_LOG_CORRUPT',
    details: { file: path, offset: 1 }
  })
  await again.close()
})

test('a missing segment is damage, and a newer format is refused', async () => {
  const { files } = await killedLog()
  const copy = files.clone()
  await copy.unlink(path)
  const log = await open(copy)
  await expect(log.ends('t', 0)).rejects.toMatchObject({ code: 'MILLRACE_LOG_CORRUPT' })
  await log.close()
  const manifest = '/log/t/0/log.json'
  const text = new TextDecoder().decode(files.content(manifest))
  files.replace(manifest, new TextEncoder().encode(text.replace('"format":1', '"format":2')))
  await expect(open(files)).rejects.toMatchObject({ code: 'MILLRACE_LOG_FORMAT_NEWER' })
})

/** Counts the log segments whose header says that the file had another life before. */
function recycledSegments(files: FaultyFiles): number {
  const isRecycled = (name: string) => ((files.content(name)[12] ?? 0) & 1) === 1
  return files.paths().filter((name) => name.endsWith('.log') && isRecycled(name)).length
}

test('random appends, trims, crashes and reopenings agree with a plain list', async () => {
  const seed = testSeed('random log')
  const random = randomFrom(seed)
  const files = new FaultyFiles()
  const segmentBytes = 4096
  let log = await open(files, undefined, segmentBytes)
  await log.createTopic('t', { partitions: 1 })
  const model: Uint8Array[] = []
  let recycled = 0
  for (let step = 0; step < 400; step++) {
    const choice = random()
    if (choice < 0.75) {
      const count = 1 + Math.floor(random() * 3)
      const records = Array.from({ length: count }, () =>
        new Uint8Array(Math.floor(random() * 900)).fill(Math.floor(random() * 256))
      )
      await log.append('t', 0, records)
      model.push(...records)
      recycled = Math.max(recycled, recycledSegments(files))
    } else if (choice < 0.85) {
      await log.trimBefore('t', 0, BigInt(Math.floor(random() * (model.length + 1))))
    } else {
      if (choice < 0.92) await log.close()
      files.crash(() => random())
      log = await open(files, undefined, segmentBytes)
    }
    const { start, end } = await log.ends('t', 0)
    expect(end, `SEED=${seed}, step ${step}`).toBe(BigInt(model.length))
    const { records } = await readAll(log, 't', 0)
    expect(
      records.map((one) => [...one]),
      `SEED=${seed}, step ${step}`
    ).toEqual(model.slice(Number(start)).map((one) => [...one]))
  }
  // Trims have left files that were used again; none of their old records may have been seen above.
  expect(recycled, `SEED=${seed}`).toBeGreaterThan(0)
  await log.close()
})
