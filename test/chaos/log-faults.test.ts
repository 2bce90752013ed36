import { expect, test } from 'vitest'
import { isEngineError } from '../../src/errors/index.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../streams/index.ts'
import { readAll } from '../contract/log-conformance.ts'
import { FaultyFiles, type FileCall } from '../support/faulty-files.ts'
import { randomFrom, testSeed } from '../support/seed.ts'

const segmentBytes = 4096
const record = (i: number) => new Uint8Array(200 + (i % 5) * 37).fill(1 + (i % 250))
const open = (files: FaultyFiles, durability: 'fsync' | 'os' = 'fsync') =>
  openEmbeddedLog({ folder: '/log', files, segmentBytes, durability })

async function start(): Promise<{ files: FaultyFiles; log: EmbeddedLog }> {
  const files = new FaultyFiles()
  const log = await open(files)
  await log.createTopic('t', { partitions: 1 })
  return { files, log }
}

/** @returns the fill byte of each record, each of them seen to be whole */
async function fills(log: EmbeddedLog): Promise<number[]> {
  const { records } = await readAll(log, 't', 0)
  return records.map((one) => {
    expect(one.every((byte) => byte === one[0])).toBe(true)
    return one[0] ?? -1
  })
}

/** Appends 30 records, two to a call. @returns the outcome of each call */
async function workload(log: EmbeddedLog): Promise<('kept' | 'refused' | 'unknown')[]> {
  const outcomes: ('kept' | 'refused' | 'unknown')[] = []
  for (let call = 0; call < 15; call++) {
    const done = log.append('t', 0, [record(2 * call), record(2 * call + 1)])
    outcomes.push(
      await done.then(
        () => 'kept' as const,
        (error: unknown) =>
          isEngineError(error, 'MILLRACE_LOG_OUTCOME_UNKNOWN') ? 'unknown' : 'refused'
      )
    )
  }
  return outcomes
}

function expectOutcomes(found: number[], outcomes: readonly string[], context: string): void {
  let at = 0
  outcomes.forEach((outcome, call) => {
    const pair = [1 + 2 * call, 2 + 2 * call]
    const isThere = found[at] === pair[0] && found[at + 1] === pair[1]
    if (outcome === 'kept') expect(isThere, `${context}: call ${call} was acknowledged`).toBe(true)
    if (outcome === 'refused') expect(isThere, `${context}: call ${call} was refused`).toBe(false)
    if (isThere) at += 2
  })
  expect(at, `${context}: nothing else is in the log`).toBe(found.length)
}

const faults = [
  ['EIO', undefined],
  ['ENOSPC', undefined],
  ['ENOSPC', 100],
  ['EIO', 70]
] as const

for (const [errno, partialBytes] of faults) {
  const part = partialBytes === undefined ? '' : ` after ${partialBytes} bytes`
  test(`a ${errno}${part} at any call loses nothing acknowledged and shows nothing refused`, async () => {
    const clean = await start()
    clean.files.calls = 0
    await workload(clean.log)
    await clean.log.close()
    for (let index = 0; index < clean.files.calls; index++) {
      const { files, log } = await start()
      let failedCall: FileCall | undefined
      files.calls = 0
      files.onCall = (call, _path, i) => {
        if (i !== index) return undefined
        failedCall = call
        return call === 'write' && partialBytes !== undefined ? { errno, partialBytes } : { errno }
      }
      const outcomes = await workload(log)
      const context = `${failedCall} at call ${index}`
      expectOutcomes(await fills(log), outcomes, `${context}, live`)
      await log.close().catch(() => {})
      files.crash(() => 1)
      files.onCall = () => undefined
      const again = await open(files)
      expectOutcomes(await fills(again), outcomes, context)
      await again.append('t', 0, [record(0)])
      await again.close()
    }
  })
}

test('a crash at any call keeps what was acknowledged, whatever of the rest reached the disk', async () => {
  const seed = testSeed('crash at any call')
  const random = randomFrom(seed)
  const clean = await start()
  clean.files.calls = 0
  await workload(clean.log)
  const calls = clean.files.calls
  for (let index = 0; index < calls; index++) {
    const { files, log } = await start()
    files.calls = 0
    files.onCall = (_call, _path, i) => (i >= index ? { errno: 'EIO' } : undefined)
    const outcomes = await workload(log)
    // To a crashed process a refusal never came: those calls may have been kept.
    const known = outcomes.map((outcome) => (outcome === 'kept' ? 'kept' : 'unknown'))
    const mode = index % 3
    files.crash(() => (mode === 0 ? 0 : mode === 1 ? 1 : random()))
    files.onCall = () => undefined
    const again = await open(files)
    expectOutcomes(await fills(again), known, `SEED=${seed}, call ${index}`)
    await again.close()
  }
})

test('a full disk refuses appends, keeps serving, and goes on by itself when there is space', async () => {
  const { files, log } = await start()
  await log.append('t', 0, [record(0)])
  files.onCall = (call) => (call === 'write' ? { errno: 'ENOSPC', partialBytes: 64 } : undefined)
  for (let i = 1; i < 4; i++) {
    await expect(log.append('t', 0, [record(i)])).rejects.toMatchObject({
      code: 'MILLRACE_LOG_FULL'
    })
  }
  expect(await fills(log)).toEqual([1])
  files.onCall = () => undefined
  await log.append('t', 0, [record(7)])
  expect(await fills(log)).toEqual([1, 8])
  await log.close()
})

test('a failed sync is not tried again on the same handle', async () => {
  const { files, log } = await start()
  for (let i = 0; i < 3; i++) await log.append('t', 0, [record(0)])
  let failures = 0
  let syncsAfter = 0
  files.onCall = (call, path) => {
    // A handle keeps the name that the file was opened by; zeros in the background have their own.
    if (!path.endsWith('.log.tmp') || !call.startsWith('sync')) return undefined
    if (failures > 0) syncsAfter++
    return failures++ === 0 ? { errno: 'EIO' } : undefined
  }
  await expect(log.append('t', 0, [record(1)])).rejects.toMatchObject({
    code: 'MILLRACE_LOG_FAILED'
  })
  await log.append('t', 0, [record(2)])
  expect([failures, syncsAfter]).toEqual([1, 0])
  expect(await fills(log)).toEqual([1, 1, 1, 3])
  await log.close()
})

for (const tellsEveryHandle of [true, false]) {
  const told = tellsEveryHandle ? 'every handle' : 'only the one that synced'
  test(`a sync of zeros that fails beside a commit loses nothing acknowledged (told to ${told})`, async () => {
    for (let delay = 0; delay < 12; delay++) {
      const files = new FaultyFiles()
      files.tellsEveryHandle = tellsEveryHandle
      const log = await openEmbeddedLog({ folder: '/log', files, segmentBytes: 1 << 20 })
      await log.createTopic('t', { partitions: 1 })
      let failures = 0
      files.onCall = (call, path) =>
        call === 'syncData' && path.endsWith('.log') && failures++ === 0
          ? { errno: 'EIO' }
          : undefined
      const outcomes: ('kept' | 'refused')[] = []
      for (let call = 0; call < 15; call++) {
        const pair = [record(2 * call), record(2 * call + 1)]
        const done = log.append('t', 0, pair)
        outcomes.push(
          await done.then(
            () => 'kept' as const,
            () => 'refused' as const
          )
        )
        for (let turn = 0; turn < delay; turn++) await undefined
        // The power fails at the first moment at which a lost page could show.
        if (failures > 0) break
      }
      expect(failures).toBeGreaterThan(0)
      files.crash(() => 0)
      files.onCall = () => undefined
      const again = await open(files)
      expectOutcomes(await fills(again), outcomes, `delay ${delay}`)
      await again.close()
    }
  })
}

test('readers are not disturbed when the handle is given up after a failed sync', async () => {
  const files = new FaultyFiles()
  const options = { folder: '/log', files, segmentBytes: 1 << 20, tailCacheBytes: 0 }
  const log = await openEmbeddedLog(options)
  await log.createTopic('t', { partitions: 1 })
  for (let i = 0; i < 5; i++) await log.append('t', 0, [record(i)])
  let failures = 0
  files.onCall = (call, path) =>
    call === 'syncData' && path.endsWith('.log.tmp') && failures++ === 0
      ? { errno: 'EIO' }
      : undefined
  const appending = log.append('t', 0, [record(9)]).catch(() => {})
  while (failures === 0) {
    await Promise.all([log.read('t', 0, 0n, { maxBytes: 1 }), new Promise(setImmediate)])
  }
  const reads = Array.from({ length: 40 }, async (_, i) => {
    for (let turn = 0; turn < i; turn++) await undefined
    return (await log.read('t', 0, 0n, { maxBytes: 1 })).count
  })
  expect(await Promise.all(reads)).toEqual(Array(40).fill(1))
  await appending
  await log.close()
})

test('files of closed segments stay open within a limit, and are opened again to be read', async () => {
  const files = new FaultyFiles()
  const open = { folder: '/log', files, segmentBytes, tailCacheBytes: 0, openFilesMax: 3 }
  const log = await openEmbeddedLog(open)
  await log.createTopic('t', { partitions: 1 })
  let isOpen = 0
  files.onCall = (call, path) => {
    if (!/\.(log|tmp|spare)$/.test(path)) return undefined
    if (call === 'open') isOpen++
    if (call === 'close') isOpen--
    return undefined
  }
  for (let i = 0; i < 100; i++) await log.append('t', 0, [new Uint8Array(700).fill(i)])
  expect(log.stats()[0]?.segments).toBeGreaterThan(10)
  for (let round = 0; round < 2; round++) {
    expect(await fills(log)).toEqual(Array.from({ length: 100 }, (_, i) => i))
    await new Promise(setImmediate)
    // Three for readers, one for the writer, one that zeros a spare file.
    expect(isOpen).toBeLessThanOrEqual(5)
  }
  await log.close()
  expect(isOpen).toBeLessThanOrEqual(0)
})

test('short writes are completed', async () => {
  const { files, log } = await start()
  files.writeBytesMax = 33
  expect(await workload(log)).toEqual(Array(15).fill('kept'))
  await log.close()
  const again = await open(files)
  expect((await fills(again)).length).toBe(30)
  await again.close()
})

test('appends beyond the queue are refused before anything is written, and those before them are kept', async () => {
  const files = new FaultyFiles()
  const log = await openEmbeddedLog({ folder: '/log', files, queueBytesMax: 1000 })
  await log.createTopic('t', { partitions: 1 })
  // One append larger than the whole queue passes while nothing waits.
  const first = log.append('t', 0, [new Uint8Array(2000).fill(1)])
  const refused = expect(log.append('t', 0, [record(1)])).rejects.toMatchObject({
    code: 'MILLRACE_LOG_OVERLOADED'
  })
  await Promise.all([first, refused])
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, () => log.append('t', 0, [new Uint8Array(192).fill(3)]))
  )
  expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(5)
  await log.append('t', 0, [new Uint8Array(192).fill(4)])
  expect(await fills(log)).toEqual([1, 3, 3, 3, 3, 3, 4])
  await log.close()
})
