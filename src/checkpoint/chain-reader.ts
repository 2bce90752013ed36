/** Reads one file of a chain in runs of whole frames (drawn in src/domain/record/layout.ts). */

import { errnoOf, type FileLayer, type LogFile, readFully } from '../../streams/index.ts'
import { type Crc32c, frameMagic, headerBytes, headerFields } from '../domain/record/index.ts'
import { EngineError, isEngineError } from '../errors/index.ts'
import type { ChainFile } from './manifest.ts'

/** Takes whole frames in file order; it may keep the bytes only until it resolves. Positions in its errors count from the file's start. */
export type FrameSink = (bytes: Uint8Array) => Promise<void>

export const runBytesMax = 8 << 20

/**
 * Reads a file and hands its frames on, at most 8 MiB at a time or one larger frame; the next run is read
 * while the one before is taken.
 *
 * @throws MILLRACE_CHECKPOINT_CORRUPT with file and position, when the file is missing, unreadable, of another length, or
 *         of another CRC32C than the manifest says, and when the sink finds damage in a frame
 */
export async function readChainFile(options: {
  readonly files: FileLayer
  readonly folder: string
  readonly entry: ChainFile
  readonly crc32c: Crc32c
  readonly sink: FrameSink
}): Promise<void> {
  const { files, entry, crc32c, sink } = options
  const path = `${options.folder}/${entry.file}`
  const file = await files.open(path, 'read').catch((cause: unknown) => {
    throw asDamage(cause, path, 0)
  })
  try {
    const size = await file.size()
    if (size !== entry.bytes) {
      const reason = `it has ${size} bytes, the manifest says ${entry.bytes}`
      throw damaged(path, Math.min(size, entry.bytes), reason)
    }
    let crc = 0
    const runs = new RunReader(file, path, entry.bytes)
    let reading = runs.next()
    for (let run = await reading; run !== undefined; run = await reading) {
      reading = runs.next()
      // It is awaited after the sink, which may fail first.
      reading.catch(() => {})
      crc = crc32c(run.bytes, crc)
      await sink(run.bytes).catch((cause: unknown) => {
        throw named(cause, path)
      })
    }
    if (crc !== entry.crc32c) throw damaged(path, 0, 'the file’s CRC32C')
  } finally {
    await file.close()
  }
}

interface Run {
  readonly bytes: Uint8Array
  readonly position: number
}

class RunReader {
  readonly #file: LogFile
  readonly #path: string
  readonly #end: number
  /** Two, so that one can be read into while the other is taken. */
  readonly #buffers: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)]
  #turn: 0 | 1 = 0
  #position = 0

  constructor(file: LogFile, path: string, end: number) {
    this.#file = file
    this.#path = path
    this.#end = end
  }

  async next(): Promise<Run | undefined> {
    const position = this.#position
    if (position === this.#end) return undefined
    try {
      let length = await this.#frameBytesAt(position)
      while (position + length < this.#end) {
        const more = await this.#frameBytesAt(position + length)
        if (length + more > runBytesMax) break
        length += more
      }
      const bytes = this.#buffer(length)
      if ((await readFully(this.#file, bytes, position)) < length) {
        throw damaged(this.#path, position, 'the file ends within a frame')
      }
      this.#position = position + length
      return { bytes, position }
    } catch (cause) {
      throw asDamage(cause, this.#path, position)
    }
  }

  async #frameBytesAt(position: number): Promise<number> {
    const header = new Uint8Array(headerBytes)
    const isWhole = (await readFully(this.#file, header, position)) === headerBytes
    const view = new DataView(header.buffer)
    if (!isWhole || view.getUint32(at('magic'), true) !== frameMagic) {
      throw damaged(this.#path, position, 'no frame starts here')
    }
    const length = view.getUint32(at('frameBytes'), true)
    if (length < headerBytes || length % 8 !== 0 || position + length > this.#end) {
      throw damaged(this.#path, position, 'a frame’s length leaves the file')
    }
    return length
  }

  #buffer(length: number): Uint8Array {
    this.#turn = this.#turn === 0 ? 1 : 0
    if (this.#buffers[this.#turn].byteLength < length) {
      this.#buffers[this.#turn] = new Uint8Array(Math.max(length, Math.min(this.#end, runBytesMax)))
    }
    return this.#buffers[this.#turn].subarray(0, length)
  }
}

function at(name: 'magic' | 'frameBytes'): number {
  return headerFields.find((field) => field.name === name)?.at ?? 0
}

function damaged(file: string, position: number, reason: string, cause?: unknown): EngineError {
  const details = { file, position, reason }
  return new EngineError('MILLRACE_CHECKPOINT_CORRUPT', details, { cause })
}

/** What a disk cannot read back is as lost as what it reads back wrongly. */
function asDamage(cause: unknown, path: string, position: number): unknown {
  const errno = errnoOf(cause)
  if (errno === 'ENOENT') return damaged(path, position, 'the file is missing', cause)
  return errno === 'EIO' ? damaged(path, position, 'EIO: it cannot be read', cause) : cause
}

/** The engine knows where the damage is, the caller knows the file. */
function named(cause: unknown, path: string): unknown {
  if (!isEngineError(cause, 'MILLRACE_CHECKPOINT_CORRUPT')) return cause
  const { position = 0, reason = cause.message } = cause.details
  return damaged(path, Number(position), String(reason), cause)
}
