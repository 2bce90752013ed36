import { expect, test } from 'vitest'
import { CrashingDisk, type CrashVariant, crashVariants } from '../support/crash-images.ts'
import {
  checkNode,
  checkStore,
  loadRecording,
  type Recording,
  recordLoad,
  saveRecording
} from '../support/crash-recording.ts'
import { type DiskImage, MemoryFiles, type TraceStep } from '../support/memory-files.ts'
import { openLoadLog } from '../support/node-load.ts'
import { Random } from '../support/random.ts'
import { testSeed } from '../support/seed.ts'
import { isLongRun } from '../support/sizes.ts'

/*
 * A recorded load over the real node, cut at every change of its disk. A failing image names its TRACE, a
 * file that holds the whole recording, POINT and VARIANT: with these three in the environment that image alone is built and
 * checked. SEED alone repeats the load, but threads may let checkpoints fall between other writes than before.
 */
const operations = isLongRun ? 800 : 500
const imagesMin = isLongRun ? 20_000 : 5000
/** Every point is cut; in the small size not in every way. */
const leftOutShare = isLongRun ? 0 : 0.75
const lastVariant = crashVariants.at(-1)
const givenTrace = process.env['TRACE']
const onlyPoint = process.env['POINT']
const onlyVariant = process.env['VARIANT']

const randomOf = (seed: number, point: number, variant: CrashVariant) =>
  new Random(seed + point * 1009 + crashVariants.indexOf(variant))

/** Visits each disk that a crash at any point of the recording can leave; those that are as one before are left out. */
async function forEachImage(
  { seed, steps }: Recording,
  visit: (image: DiskImage, point: number, variant: CrashVariant, random: Random) => Promise<void>
): Promise<number> {
  const disk = new CrashingDisk()
  const seen = new ImageNames()
  let images = 0
  for (const [index, step] of steps.entries()) {
    const point = index + 1
    disk.take(step)
    if (onlyPoint !== undefined && Number(onlyPoint) !== point) continue
    seen.clear()
    const before = images
    for (const variant of crashVariants) {
      const random = randomOf(seed, point, variant)
      const image = disk.image(variant, random)
      // The last variant is built when none before it was, so that every point is cut at least once.
      const isLeftOut = random.chance(leftOutShare) && (variant !== lastVariant || images > before)
      if (onlyVariant !== undefined ? onlyVariant !== variant : isLeftOut || !seen.isNew(image))
        continue
      images++
      await visit(image, point, variant, random)
    }
  }
  return images
}

test('P1 P2 P3 a crash at any point of a load loses nothing acknowledged, and leaves what replays to the same state', {
  timeout: 3_600_000
}, async () => {
  const recording =
    givenTrace === undefined
      ? await recordLoad(testSeed('crash points'), operations)
      : loadRecording(givenTrace)
  const wrong: string[] = []
  let crashesOfRecovery = 0
  const images = await forEachImage(recording, async (image, point, variant, random) => {
    const name = `POINT=${point} VARIANT='${variant}'`
    const note = (found: readonly string[]) => wrong.push(...found.map((one) => `${name}: ${one}`))
    note(await checkNode(recording, point, image, random))
    if (!random.chance(0.25)) return
    // A second crash comes while the log recovers from the first.
    crashesOfRecovery++
    const again = await crashOfRecovery(image, random)
    note((await checkStore(recording, point, again)).map((one) => `after a second crash ${one}`))
  })
  console.log(
    `${recording.steps.length} points, ${images} images, ${crashesOfRecovery} crashes of a recovery`
  )
  const trace = wrong.length > 0 ? saveRecording(recording) : undefined
  expect(wrong.slice(0, 10), `SEED=${recording.seed} TRACE=${trace}`).toEqual([])
  if (onlyPoint === undefined) expect(images).toBeGreaterThanOrEqual(imagesMin)
})

async function crashOfRecovery(image: DiskImage, random: Random): Promise<DiskImage> {
  const files = new MemoryFiles(image)
  const steps: TraceStep[] = []
  files.onStep = (step) => steps.push(step)
  await (await openLoadLog(files)).close()
  const disk = new CrashingDisk(image)
  for (const step of steps.slice(0, random.below(steps.length + 1))) disk.take(step)
  return disk.image(random.pick(crashVariants), random)
}

/** Tells images apart by what is in them. */
class ImageNames {
  readonly #seen = new Set<string>()
  readonly #contents = new WeakMap<Uint8Array, string>()

  clear(): void {
    this.#seen.clear()
  }

  isNew({ folders, files }: DiskImage): boolean {
    const names = [...folders].map(([folder, names]) => `${folder}:${[...names].join()}`)
    const contents = [...files].map(([file, bytes]) => `${file}=${this.#nameOf(bytes)}`)
    const name = `${names.join(';')} ${contents.join()}`
    const isNew = !this.#seen.has(name)
    this.#seen.add(name)
    return isNew
  }

  #nameOf(bytes: Uint8Array): string {
    let name = this.#contents.get(bytes)
    if (name === undefined) {
      name = Buffer.from(bytes).toString('latin1')
      this.#contents.set(bytes, name)
    }
    return name
  }
}
