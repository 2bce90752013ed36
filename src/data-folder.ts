/** The data folder: one process at a time, one format version. */
import { createHash, randomInt } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isDiskFull } from '../streams/index.ts'
import { dataFormatVersion } from './domain/version.ts'
import { lockFile, unlockFile } from './engine/index.ts'
import { EngineError, isEngineError } from './errors/index.ts'

const lockName = 'millrace.lock'
const formatName = 'format.json'
const peerName = 'peer.json'

export interface DataFolder {
  readonly path: string
  readonly logFolder: string
  /** Names this node among others: random, at most 2^53 - 1. */
  readonly peerId: number
  /** Checkpoints. */
  readonly shardsFolder: string
  /** Files without names, for vectors that are not kept in memory: nothing in it outlives the process. */
  readonly scratchFolder: string
  release(): void
}

/**
 * Makes the folder if need be, locks it and checks its format.
 *
 * @throws MILLRACE_DATA_LOCKED naming the holder, MILLRACE_DATA_UNUSABLE, MILLRACE_DATA_FORMAT_NEWER
 */
export function openDataFolder(folder: string): DataFolder {
  const path = resolve(folder)
  const logFolder = join(path, 'log')
  const fd = lock(path)
  try {
    checkFormat(path)
    checkWritable(path)
    const peerId = readPeerId(path) ?? makePeerId(path)
    const shardsFolder = join(path, 'shards')
    const scratchFolder = emptyFolder(join(path, 'scratch'))
    return { path, logFolder, shardsFolder, scratchFolder, peerId, release: () => unlockFile(fd) }
  } catch (cause) {
    unlockFile(fd)
    throw cause
  }
}

function lock(path: string): number {
  try {
    mkdirSync(path, { recursive: true })
    const holder = `process ${process.pid} since ${new Date().toISOString()}`
    const attempt = lockFile(join(path, lockName), holder)
    if ('fd' in attempt) return attempt.fd
    throw new EngineError('MILLRACE_DATA_LOCKED', { folder: path, holder: attempt.holder })
  } catch (cause) {
    throw asUnusable(path, cause)
  }
}

function checkFormat(path: string): void {
  const file = join(path, formatName)
  const found = readFormat(file)
  if (found === undefined) {
    writeFileSync(
      file,
      `${JSON.stringify({ format: 'millrace-data', version: dataFormatVersion })}\n`
    )
    return
  }
  if (found > dataFormatVersion) {
    throw new EngineError('MILLRACE_DATA_FORMAT_NEWER', {
      folder: path,
      found,
      supported: dataFormatVersion
    })
  }
}

function readFormat(file: string): number | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw asUnusable(file, cause)
  }
  try {
    const { format, version } = JSON.parse(text)
    if (format === 'millrace-data' && Number.isInteger(version) && version > 0) return version
  } catch {
    // Falls through: what cannot be parsed is not ours.
  }
  throw new EngineError('MILLRACE_DATA_UNUSABLE', {
    folder: file,
    reason: 'it is not a millrace format file'
  })
}

/** @returns undefined when there is none yet, or when it is damaged: nothing but a name is lost then */
function readPeerId(path: string): number | undefined {
  try {
    const { peerId, check } = JSON.parse(readFileSync(join(path, peerName), 'utf8'))
    return Number.isSafeInteger(peerId) && check === checkOf(peerId) ? peerId : undefined
  } catch {
    return undefined
  }
}

function makePeerId(path: string): number {
  const peerId = 1 + randomInt(2 ** 47) * 32 + randomInt(32)
  try {
    writeFileSync(join(path, peerName), `${JSON.stringify({ peerId, check: checkOf(peerId) })}\n`)
  } catch (cause) {
    // On a full disk the next start names the node anew.
    if (!isDiskFull(cause)) throw asUnusable(path, cause)
  }
  return peerId
}

function checkOf(peerId: number): string {
  return createHash('sha256').update(String(peerId)).digest('hex').slice(0, 16)
}

function checkWritable(path: string): void {
  const probe = join(path, `.probe-${process.pid}`)
  try {
    writeFileSync(probe, '')
    rmSync(probe)
  } catch (cause) {
    // A full disk refuses writes when they come, and what is there can be read.
    if (!isDiskFull(cause)) throw asUnusable(path, cause)
    rmSync(probe, { force: true })
  }
}

/** Where files need a name for a moment, a crash in that moment leaves one behind. */
function emptyFolder(path: string): string {
  try {
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path)
  } catch (cause) {
    // On a full disk there is none, and whoever needs it is told so.
    if (!isDiskFull(cause)) throw asUnusable(path, cause)
  }
  return path
}

function asUnusable(folder: string, cause: unknown): EngineError {
  if (isEngineError(cause)) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new EngineError('MILLRACE_DATA_UNUSABLE', { folder, reason }, { cause })
}
