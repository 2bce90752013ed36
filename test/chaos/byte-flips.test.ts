import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { openDataFolder } from '../../src/data-folder.ts'
import { isEngineError } from '../../src/errors/index.ts'
import { type Recording, recordLoad } from '../support/crash-recording.ts'
import {
  type Verdict,
  verdictOfCheckpoints,
  verdictOfLog,
  verdictOfNode
} from '../support/flip-check.ts'
import { temporaryFolder } from '../support/folders.ts'
import { type DiskImage, filesOf, type ImageFile, imageOf } from '../support/memory-files.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'
import { isLongRun } from '../support/sizes.ts'

/*
 * One bit of one file of a small store is turned, and the store is opened: it must refuse with file and position, make up
 * for it, or be as it was. A failing flip names its SEED, FILE and BIT; with these three it runs alone.
 */
const flipsByKind = isLongRun
  ? {
      segment: 40_000,
      logManifest: 20_000,
      checkpoint: 20_000,
      checkpointManifest: 10_000,
      graph: 10_000,
      node: 4000
    }
  : {
      segment: 10_000,
      logManifest: 5000,
      checkpoint: 4000,
      checkpointManifest: 2000,
      graph: 2000,
      node: 400
    }
const onlyFile = process.env['FILE']
const onlyBit = process.env['BIT']

const kinds = {
  segment: /^\/data\/log\/.*\/\d+\.log$/,
  logManifest: /^\/data\/log\/.*\/log\.json$/,
  checkpoint: /^\/data\/shards\/.*\.ckpt$/,
  checkpointManifest: /^\/data\/shards\/.*\.manifest$/,
  graph: /^\/data\/shards\/.*\.graph$/,
  node: /^\/data\//
} as const

type Kind = keyof typeof kinds

const folderOf = (path: string) => path.slice(0, path.lastIndexOf('/'))

function verdictOf(
  recording: Recording,
  kind: Kind,
  image: DiskImage,
  path: string
): Promise<Verdict> {
  const { story, digests } = recording
  const folder = folderOf(path)
  if (kind === 'node') return verdictOfNode(image, story)
  if (kind === 'checkpoint' || kind === 'checkpointManifest' || kind === 'graph') {
    const [, topic = '', shard = ''] = /([^/]+)\/(\d+)$/.exec(folder) ?? []
    const part = story.life(topic)?.partitions[Number(shard)]
    const expected = part === undefined ? [] : digests.of(part)
    return verdictOfCheckpoints(imageOf(image, folder), folder, expected)
  }
  const topicFolder = folderOf(folder)
  const topic = topicFolder.slice(topicFolder.lastIndexOf('/') + 1)
  return verdictOfLog(imageOf(image, topicFolder), story, new Set([topic]))
}

function flipped(image: DiskImage, { node, bytes }: ImageFile, bit: number): DiskImage {
  const changed = bytes.slice()
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return { folders: image.folders, files: new Map(image.files).set(node, changed) }
}

function filesOfKind(image: DiskImage, kind: Kind): ImageFile[] {
  return filesOf(image).filter(({ path, bytes }) => kinds[kind].test(path) && bytes.byteLength > 0)
}

/** The load of the seed, or of the first one after it that leaves several files of each kind. */
async function recordingFrom(seed: number): Promise<Recording> {
  for (let next = seed; next < seed + 20; next++) {
    const recording = await recordLoad(next, 220)
    const isWhole = (kind: string) => filesOfKind(recording.image, kind as Kind).length > 1
    if (Object.keys(kinds).every(isWhole)) return recording
  }
  throw new Error(`no load from SEED=${seed} on leaves several files of each kind`)
}

test('P1 P6 a flipped bit anywhere in a store is found out or without consequence, and never served', {
  timeout: 7_200_000
}, async () => {
  const seed = testSeed('byte flips')
  const recording = await recordingFrom(seed)
  const { image } = recording
  const random = new Random(seed)
  const counts: Record<string, Record<string, number>> = {}
  const wrong: string[] = []
  for (const [kind, flips] of Object.entries(flipsByKind) as [Kind, number][]) {
    const files = filesOfKind(image, kind)
    const count = { detected: 0, harmless: 0, wrong: 0 }
    counts[kind] = count
    for (let flip = 0; flip < flips; flip++) {
      const file = random.pick(files)
      const bit = random.below(file.bytes.byteLength * 8)
      if (onlyFile !== undefined && (onlyFile !== file.path || Number(onlyBit) !== bit)) continue
      const verdict = await verdictOf(recording, kind, flipped(image, file, bit), file.path)
      if (typeof verdict === 'string') count[verdict]++
      else {
        count.wrong++
        wrong.push(`SEED=${seed} FILE=${file.path} BIT=${bit} as ${kind}: ${verdict.wrong}`)
      }
    }
  }
  console.log(JSON.stringify(counts))
  expect(wrong.slice(0, 10)).toEqual([])
  // A graph file has no bit that its checksums do not cover.
  expect(counts['graph']?.['harmless']).toBe(0)
})

test('P1 a flipped bit in the format file is refused with its name', () => {
  const folder = temporaryFolder()
  mkdirSync(`${folder}/data`)
  openDataFolder(`${folder}/data`).release()
  const file = `${folder}/data/format.json`
  const content = readFileSync(file)
  const accepted: string[] = []
  for (let bit = 0; bit < content.byteLength * 8; bit++) {
    const changed = Buffer.from(content)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    writeFileSync(file, changed)
    try {
      openDataFolder(`${folder}/data`).release()
      accepted.push(changed.toString('latin1').trim())
    } catch (error) {
      expect(isEngineError(error)).toBe(true)
      expect(String(error)).toContain(`${folder}/data`)
    }
  }
  expect(accepted).toEqual([])
})
