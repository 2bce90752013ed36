import { expect, test } from 'vitest'
import {
  applyPoints,
  deletePoints,
  loadShard,
  openStore,
  shardFolder,
  shardWith,
  writeCheckpoint,
  writeDelta
} from '../../support/checkpoint-store.ts'
import { FaultyFiles } from '../../support/faulty-files.ts'

async function dataFolder(): Promise<FaultyFiles> {
  const files = new FaultyFiles()
  await files.makeFolder('/data')
  await files.syncFolder('')
  return files
}

const names = (files: FaultyFiles) =>
  files
    .paths()
    .filter((path) => path.startsWith(`${shardFolder}/`))
    .map((path) => path.slice(shardFolder.length + 1))

function flip(files: FaultyFiles, path: string, at: number): void {
  const bytes = files.content(path).slice()
  bytes[at] = (bytes[at] ?? 0) ^ 1
  files.replace(path, bytes)
}

test('a checkpoint loads as the state that was captured', async () => {
  const files = await dataFolder()
  const shard = await shardWith(9)
  const { store } = await openStore(files)
  await writeCheckpoint(store, shard)
  const again = await openStore(files)
  expect((await loadShard(again.store)).state()).toEqual(shard.state())
  expect(again.store.kept()[0]).toMatchObject({ nextOffset: 10n, liveRows: 9 })
  expect(names(files)).toEqual(['0000000001.ckpt', 'checkpoint-00000000000000000010.manifest'])
})

test('a chain of deltas loads as the newest state, deletions too', async () => {
  const files = await dataFolder()
  const shard = await shardWith(20)
  const { store } = await openStore(files)
  await writeCheckpoint(store, shard)
  for (let round = 0; round < 6; round++) {
    await applyPoints(shard, [BigInt(round), 100n + BigInt(round)])
    await deletePoints(shard, [10n + BigInt(round)])
    await (round === 3 ? writeCheckpoint(store, shard) : writeDelta(store, shard))
    await store.prune(2)
    expect((await loadShard(store)).state()).toEqual(shard.state())
    expect((await loadShard((await openStore(files)).store)).state()).toEqual(shard.state())
  }
})

test('old checkpoints go, and the files that no kept one names', async () => {
  const files = await dataFolder()
  const shard = await shardWith(2)
  const { store } = await openStore(files)
  for (let id = 10n; id < 16n; id++) {
    await applyPoints(shard, [id])
    await writeCheckpoint(store, shard)
    await store.prune(2)
  }
  expect(store.kept().map(({ nextOffset }) => nextOffset)).toEqual([9n, 8n])
  const named = store.kept().flatMap((one) => one.files.map(({ file }) => file))
  expect(names(files).filter((name) => name.endsWith('.ckpt'))).toEqual([...new Set(named)].sort())
  expect(names(files).filter((name) => name.endsWith('.manifest'))).toHaveLength(2)
})

test('a checkpoint in use is kept', async () => {
  const files = await dataFolder()
  const shard = await shardWith(2)
  const { store } = await openStore(files)
  const first = await writeCheckpoint(store, shard)
  const release = store.pin(first)
  for (const id of [10n, 11n, 12n]) {
    await applyPoints(shard, [id])
    await writeCheckpoint(store, shard)
    await store.prune(1)
  }
  expect(store.oldest()).toBe(first)
  expect((await loadShard(store, first)).state().points).toBe(2n)
  release()
  await store.prune(1)
  expect(store.kept()).toHaveLength(1)
})

test('a checkpoint that is about to go is offered to nobody, and one that could not go stays', async () => {
  const files = await dataFolder()
  const shard = await shardWith(2)
  const { store } = await openStore(files)
  const first = await writeCheckpoint(store, shard)
  await applyPoints(shard, [10n])
  await writeCheckpoint(store, shard)
  files.onCall = (call) => (call === 'syncFolder' ? { errno: 'EIO' } : undefined)
  const pruning = store.prune(1)
  expect(store.kept()).toHaveLength(1)
  await expect(pruning).rejects.toThrow('EIO')
  files.onCall = () => undefined
  expect(store.oldest()).toBe(first)
  expect((await loadShard(store, first)).state().points).toBe(2n)
  await store.prune(1)
  expect(store.kept()).toHaveLength(1)
  expect(names(files)).toHaveLength(2)
})

test('every damaged byte is found, named with file and position, and set aside', async () => {
  const files = await dataFolder()
  const shard = await shardWith(3)
  await writeCheckpoint((await openStore(files)).store, shard)
  for (const path of names(files).map((name) => `${shardFolder}/${name}`)) {
    for (let at = 0; at < files.content(path).byteLength; at++) {
      const copy = files.clone()
      flip(copy, path, at)
      const { store, damage } = await openStore(copy)
      const newest = store.kept()[0]
      if (newest !== undefined) {
        await expect(loadShard(store, newest), `${path} at ${at}`).rejects.toMatchObject({
          code: 'MILLRACE_CHECKPOINT_CORRUPT'
        })
      }
      expect(
        damage.map(({ details }) => details['file']),
        `${path} at ${at}`
      ).toEqual([path])
      expect(store.kept()).toEqual([])
      expect(copy.paths()).toContain(`${path}.damaged`)
    }
  }
})

test('a checkpoint of which a file is missing, shorter or unreadable is refused with the file named', async () => {
  const files = await dataFolder()
  await writeCheckpoint((await openStore(files)).store, await shardWith(3))
  const path = `${shardFolder}/0000000001.ckpt`
  const bytes = files.content(path)
  const cases: readonly [(copy: FaultyFiles) => void, string][] = [
    [(copy) => void copy.unlink(path), 'the file is missing'],
    [(copy) => copy.replace(path, bytes.slice(0, -8)), 'the manifest says'],
    [
      (copy) => {
        copy.onCall = (call, name) =>
          call === 'read' && name === path ? { errno: 'EIO' } : undefined
      },
      'EIO'
    ]
  ]
  for (const [harm, reason] of cases) {
    const copy = files.clone()
    const { store } = await openStore(copy)
    harm(copy)
    await expect(loadShard(store)).rejects.toThrow(reason)
    expect(store.kept()).toEqual([])
  }
})

test('after damage in the newest checkpoint the older one loads', async () => {
  const files = await dataFolder()
  const { store } = await openStore(files)
  const shard = await shardWith(20)
  await writeCheckpoint(store, shard)
  const before = shard.state()
  await applyPoints(shard, [300n])
  await writeDelta(store, shard)
  expect(store.kept().map((one) => one.files.length)).toEqual([2, 1])
  flip(files, `${shardFolder}/0000000002.ckpt`, 70)
  const again = await openStore(files)
  await expect(loadShard(again.store)).rejects.toThrow('0000000002.ckpt, at byte 0')
  expect((await loadShard(again.store)).state()).toEqual(before)
})

test('a chain that proved damaged is not built upon', async () => {
  const files = await dataFolder()
  const { store } = await openStore(files)
  const shard = await shardWith(200)
  const first = await writeCheckpoint(store, shard)
  await applyPoints(shard, [300n])
  flip(files, `${shardFolder}/0000000001.ckpt`, 70)
  await expect(loadShard(store, first)).rejects.toThrow()
  await writeCheckpoint(store, shard)
  expect(shard.captures.at(-1)).toBe(0n)
  expect((await loadShard(store)).state()).toEqual(shard.state())
})

test('P4 an error at any call leaves the checkpoints kept so far, and the next attempt works', async () => {
  const files = await dataFolder()
  const { store } = await openStore(files)
  const shard = await shardWith(20)
  await writeCheckpoint(store, shard)
  await store.prune(2)
  await applyPoints(shard, [300n])
  const probe = files.clone()
  const probed = await openStore(probe)
  const before = probe.calls
  await writeCheckpoint(probed.store, shard)
  const calls = probe.calls - before
  for (const errno of ['ENOSPC', 'EIO']) {
    for (let failing = 0; failing < calls; failing++) {
      const copy = files.clone()
      const { store: tried } = await openStore(copy)
      const first = copy.calls
      let failed = ''
      copy.onCall = (call, _path, index) => {
        if (index !== first + failing || call === 'unlink') return undefined
        failed = call
        return call === 'write' ? { errno, partialBytes: 8 } : { errno }
      }
      const outcome = await writeCheckpoint(tried, shard).catch((cause: unknown) => cause)
      if (failed === '') continue
      expect(outcome, failed).toMatchObject({ code: 'MILLRACE_CHECKPOINT_FAILED', retryable: true })
      copy.onCall = () => undefined
      expect((await loadShard((await openStore(copy.clone())).store)).state().points).toBeOneOf([
        20n,
        21n
      ])
      await writeCheckpoint(tried, shard)
      await tried.prune(2)
      expect((await loadShard((await openStore(copy)).store)).state()).toEqual(shard.state())
    }
  }
})

test('P1 a crash at any call leaves a whole checkpoint, with unsynced bytes and names kept or lost', async () => {
  const base = await dataFolder()
  const opened = await openStore(base)
  const shard = await shardWith(30)
  await writeCheckpoint(opened.store, shard)
  const old = shard.state()
  await applyPoints(shard, [300n, 301n])
  await deletePoints(shard, [4n])
  const now = shard.state()
  const losses: readonly [number, boolean][] = [
    [0, true],
    [0, false],
    [0.5, true],
    [1, false],
    [1, true]
  ]
  for (const [share, keepsNames] of losses) {
    for (let crashAt = 0; crashAt < 60; crashAt++) {
      const copy = base.clone()
      const { store } = await openStore(copy)
      const first = copy.calls
      let hasCrashed = false
      copy.onCall = (_call, _path, index) => {
        if (index < first + crashAt) return undefined
        hasCrashed = true
        return { errno: 'EIO' }
      }
      const done = await writeCheckpoint(store, shard)
        .then(() => store.prune(1))
        .then(() => true)
        .catch(() => false)
      copy.onCall = () => undefined
      copy.crash(
        () => share,
        () => keepsNames
      )
      const { store: after, damage } = await openStore(copy)
      const found = (await loadShard(after)).state()
      expect(damage, `crash at call ${crashAt}`).toEqual([])
      expect(done ? [now] : [old, now], `crash at call ${crashAt}`).toContainEqual(found)
      if (!hasCrashed) break
    }
  }
})

test('leftovers of a crash are removed at the next opening', async () => {
  const files = await dataFolder()
  const { store } = await openStore(files)
  await writeCheckpoint(store, await shardWith(3))
  files.replace(`${shardFolder}/0000000009.ckpt`, new Uint8Array(10))
  files.replace(`${shardFolder}/checkpoint-00000000000000000099.manifest.tmp`, new Uint8Array(10))
  await openStore(files)
  expect(names(files)).toEqual(['0000000001.ckpt', 'checkpoint-00000000000000000004.manifest'])
})

test('checkpoints after an offset can be set aside', async () => {
  const files = await dataFolder()
  const { store, damage } = await openStore(files)
  const shard = await shardWith(3)
  await writeCheckpoint(store, shard)
  await applyPoints(shard, [7n])
  await writeCheckpoint(store, shard)
  await store.setAsideAfter(4n, 'a rebuilt shard differs')
  expect(store.kept().map(({ nextOffset }) => nextOffset)).toEqual([4n])
  expect(damage).toHaveLength(1)
})

test('no checkpoint is built on one that is about to be set aside', async () => {
  const files = await dataFolder()
  const { store } = await openStore(files)
  const shard = await shardWith(3)
  for (const id of [7n, 8n, 9n]) {
    await writeCheckpoint(store, shard)
    await applyPoints(shard, [id])
  }
  const settingAside = store.setAsideAfter(4n, 'a rebuilt shard differs')
  expect(store.kept().map(({ nextOffset }) => nextOffset)).toEqual([4n])
  await settingAside
})

test('a manifest of a newer format is refused by name', async () => {
  const files = await dataFolder()
  const { store } = await openStore(files)
  await writeCheckpoint(store, await shardWith(1))
  const { encodeManifest } = await import('../../../src/checkpoint/manifest.ts')
  const { plainCrc32c } = await import('../../support/crc32c.ts')
  const [newest] = store.kept()
  if (newest === undefined) throw new Error('no checkpoint')
  const bytes = encodeManifest(newest, (part, seed) => plainCrc32c(part, seed))
  new DataView(bytes.buffer).setUint32(4, 2, true)
  const sum = plainCrc32c(bytes.subarray(16), plainCrc32c(bytes.subarray(0, 12)))
  new DataView(bytes.buffer).setUint32(12, sum, true)
  const path = `${shardFolder}/checkpoint-00000000000000000002.manifest`
  files.replace(path, bytes)
  await expect(openStore(files)).rejects.toMatchObject({
    code: 'MILLRACE_CHECKPOINT_FORMAT_NEWER',
    details: { file: path, found: 2, supported: 1 }
  })
})

test('graphs are written before there is a checkpoint, and beside the first one', async () => {
  const files = await dataFolder()
  const shard = await shardWith(3)
  const { store } = await openStore(files)
  const written = Uint8Array.of(1, 2, 3, 4)
  const parts = [written]
  const source = async () => parts.shift()
  await Promise.all([
    store.graphs.write(source, new AbortController().signal),
    writeCheckpoint(store, shard)
  ])
  files.crash(
    () => 0,
    () => false
  )
  const again = await openStore(files)
  const read: number[] = []
  const loaded = await again.store.graphs.load({
    async take(bytes) {
      read.push(...bytes)
    },
    finish: async () => 3
  })
  expect(loaded).toEqual({ file: '0000000001.graph', vectors: 3 })
  expect(read.slice(0, 4)).toEqual([...written])
  expect((await loadShard(again.store)).state()).toEqual(shard.state())
})
