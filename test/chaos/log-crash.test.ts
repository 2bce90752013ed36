import { expect, test } from 'vitest'
import { isEngineError } from '../../src/errors/index.ts'
import { type EmbeddedLog, openEmbeddedLog } from '../../streams/index.ts'
import { readAll } from '../contract/log-conformance.ts'
import { FaultyFiles } from '../support/faulty-files.ts'
import { randomFrom, testSeed } from '../support/seed.ts'

const open = (files: FaultyFiles) =>
  openEmbeddedLog({ folder: '/data/log', files, segmentBytes: 1024 })

/** What the caller of a topic was told. */
interface Story {
  /** Fill bytes of the records acknowledged since the topic was made; undefined when it was deleted. */
  readonly acknowledged: Map<string, number[]>
  /** Topics whose creation or deletion was under way or had failed. */
  readonly unsure: Set<string>
}

/** Creates, fills, trims, deletes and makes topics again, so that files change hands between them. */
async function lifecycle(log: EmbeddedLog, story: Story): Promise<void> {
  const { acknowledged, unsure } = story
  const create = async (topic: string) => {
    unsure.add(topic)
    await log.createTopic(topic, { partitions: 2 })
    unsure.delete(topic)
    acknowledged.set(topic, [])
  }
  const remove = async (topic: string) => {
    unsure.add(topic)
    await log.deleteTopic(topic)
    unsure.delete(topic)
    acknowledged.delete(topic)
  }
  const append = async (topic: string, fill: number) => {
    await log.append(topic, 1, [new Uint8Array(180).fill(fill)])
    acknowledged.get(topic)?.push(fill)
  }
  await create('a')
  for (let i = 1; i <= 14; i++) await append('a', i)
  await create('b')
  await log.trimBefore('a', 1, 9n)
  for (let i = 101; i <= 112; i++) await append('b', i)
  await remove('a')
  for (let i = 113; i <= 122; i++) await append('b', i)
  await create('a')
  for (let i = 51; i <= 60; i++) await append('a', i)
  await log.trimBefore('b', 1, 8n)
  for (let i = 61; i <= 66; i++) await append('a', i)
}

async function expectStory(log: EmbeddedLog, story: Story, context: string): Promise<void> {
  const { acknowledged, unsure } = story
  const topics = new Set((await log.topics()).map(({ topic }) => topic))
  for (const topic of topics) {
    expect(acknowledged.has(topic) || unsure.has(topic), `${context}: ${topic} is there`).toBe(true)
  }
  for (const [topic, fills] of acknowledged) {
    if (unsure.has(topic) && !topics.has(topic)) continue
    expect(topics.has(topic), `${context}: ${topic} was made`).toBe(true)
    const { records, offsets } = await readAll(log, topic, 1)
    const start = Number(offsets[0] ?? 0n)
    const found = records.map((record) => {
      expect(record.every((byte) => byte === record[0])).toBe(true)
      return record[0] ?? -1
    })
    const kept = fills.slice(start)
    expect(found.slice(0, kept.length), `${context}: ${topic}`).toEqual(kept)
    // Only the append under way at the crash may be there as well.
    expect(found.length, `${context}: ${topic}`).toBeLessThanOrEqual(kept.length + 1)
    await readAll(log, topic, 0)
  }
}

async function totalCalls(): Promise<number> {
  const files = new FaultyFiles()
  const log = await open(files)
  await lifecycle(log, { acknowledged: new Map(), unsure: new Set() })
  await log.close()
  return files.calls
}

const modes = ['killed', 'nothing unsynced stays', 'content without names', 'random'] as const

for (const mode of modes) {
  test(`a crash at any call of creating, rolling, trimming and deleting loses nothing (${mode})`, async () => {
    const seed = testSeed(`crash, ${mode}`)
    const random = randomFrom(seed)
    const calls = await totalCalls()
    for (let index = 0; index < calls; index++) {
      const files = new FaultyFiles()
      const story: Story = { acknowledged: new Map(), unsure: new Set() }
      files.onCall = (_call, _path, i) => (i >= index ? { errno: 'EIO' } : undefined)
      const first = await open(files).catch(() => undefined)
      if (first) await lifecycle(first, story).catch(() => {})
      const context = `SEED=${seed}, call ${index}`
      // A second crash comes while the first is being recovered from.
      for (const limit of [Math.floor(random() * 60), Infinity]) {
        files.crash(
          () =>
            mode === 'killed' || mode === 'content without names'
              ? 1
              : mode === 'random'
                ? random()
                : 0,
          () => mode === 'killed' || (mode === 'random' && random() < 0.5)
        )
        files.calls = 0
        files.onCall = (_call, _path, i) => (i >= limit ? { errno: 'EIO' } : undefined)
        const again = await open(files).catch((error: unknown) => {
          if (limit === Infinity) throw error
        })
        if (limit !== Infinity || again === undefined) continue
        await expectStory(again, story, context)
        await again.createTopic('c', { partitions: 1 })
        for (let i = 0; i < 12; i++) await again.append('c', 0, [new Uint8Array(180).fill(200 + i)])
        for (const topic of story.acknowledged.keys()) {
          if (story.unsure.has(topic)) continue
          const { end } = await again.ends(topic, 1)
          await again.append(topic, 1, [new Uint8Array(180).fill(99)])
          expect((await again.ends(topic, 1)).end).toBe(end + 1n)
        }
        await again.close()
      }
    }
  })
}

test('a failed call of the system while topics are made and deleted can be tried again', async () => {
  const calls = await totalCalls()
  for (let index = 0; index < calls; index++) {
    const files = new FaultyFiles()
    const log = await open(files)
    files.calls = 0
    let failedCall = ''
    files.onCall = (call, path, i) => {
      if (i !== index) return undefined
      failedCall = `${call} of ${path}, call ${index}`
      return { errno: 'EIO' }
    }
    const persist = async (run: () => Promise<unknown>) => {
      for (let attempt = 0; attempt < 2; attempt++) {
        const error = await run().then(
          () => undefined,
          (reason: unknown) => reason
        )
        if (error === undefined) return
        expect(isEngineError(error), failedCall).toBe(true)
        if (attempt === 1) expect.fail(`after a failed ${failedCall}: ${error}`)
      }
    }
    const append = (topic: string, fill: number) =>
      persist(() => log.append(topic, 0, [new Uint8Array(180).fill(fill)]))
    await persist(() => log.createTopic('a', { partitions: 1 }))
    for (let i = 1; i <= 9; i++) await append('a', i)
    await persist(() => log.deleteTopic('a'))
    await persist(() => log.createTopic('a', { partitions: 1 }))
    for (let i = 11; i <= 19; i++) await append('a', i)
    await persist(() => log.trimBefore('a', 0, 4n))
    const isKept = (records: readonly Uint8Array[], start: bigint) =>
      expect(
        records.map((one) => one[0]),
        failedCall
      ).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19].slice(Number(start)))
    isKept((await readAll(log, 'a', 0)).records, (await log.ends('a', 0)).start)
    files.onCall = () => undefined
    files.crash(
      () => 0,
      () => false
    )
    const again = await open(files)
    expect((await again.topics()).map(({ topic }) => topic)).toEqual(['a'])
    isKept((await readAll(again, 'a', 0)).records, (await again.ends('a', 0)).start)
    await again.close()
  }
})

test('a roll whose manifest may or may not be durable is finished before anything is appended', async () => {
  for (const failing of ['rename', 'syncFolder'] as const) {
    const files = new FaultyFiles()
    const log = await open(files)
    await log.createTopic('t', { partitions: 1 })
    for (let i = 1; i <= 3; i++) await log.append('t', 0, [new Uint8Array(180).fill(i)])
    let failures = 0
    files.onCall = (call, path) => {
      const isManifest =
        call === 'rename' ? path.endsWith('log.json.tmp') : failures > 0 || path.endsWith('/0')
      if (call !== failing || !isManifest) return undefined
      // The first sync of the folder is for the new log segment's file.
      return ++failures > (failing === 'syncFolder' ? 1 : 0) ? { errno: 'EIO' } : undefined
    }
    await expect(log.append('t', 0, [new Uint8Array(180).fill(5)])).rejects.toMatchObject({
      code: 'MILLRACE_LOG_FAILED'
    })
    files.onCall = () => undefined
    // This one would still fit behind the records that the manifest calls sealed.
    await log.append('t', 0, [new Uint8Array(8).fill(6)])
    await log.append('t', 0, [new Uint8Array(180).fill(7)])
    expect((await readAll(log, 't', 0)).records.map((one) => one[0])).toEqual([1, 2, 3, 6, 7])
    files.crash(() => 1)
    const again = await open(files)
    expect((await readAll(again, 't', 0)).records.map((one) => one[0])).toEqual([1, 2, 3, 6, 7])
    await again.close()
  }
})
