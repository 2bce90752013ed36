/** The graph files of one shard, beside its checkpoints. @see docs/reference/graph-format.md */
import { errnoOf, type FileLayer, type LogFile } from '../../streams/index.ts'
import type { Crc32c } from '../domain/record/index.ts'
import { EngineError, isEngineError, toEngineError } from '../errors/index.ts'
import { type FrameSource, writeChainFile } from './chain-writer.ts'
import {
  damagedSuffix,
  graphFileName,
  graphSequenceOf,
  isGraphFile,
  isGraphPart,
  partSuffix
} from './file-names.ts'
import type { ShardFolder } from './shard-folder.ts'

/** Takes the bytes of a graph file, then its end. */
export interface GraphTarget {
  /** May keep the bytes only until it resolves. @throws MILLRACE_GRAPH_CORRUPT with the position in the file */
  readonly take: (bytes: Uint8Array) => Promise<void>
  /** @returns vectors that the file leads to. @throws as `take` */
  readonly finish: () => Promise<number>
}

export interface LoadedGraphs {
  readonly file: string
  /** Vectors of the shard that the file leads to. */
  readonly vectors: number
}

interface GraphFilesOptions {
  readonly files: FileLayer
  readonly folder: ShardFolder
  readonly crc32c: Crc32c
  /** A damaged file was set aside; the error is MILLRACE_GRAPH_CORRUPT. */
  readonly onDamage: (error: EngineError) => void
}

const runBytes = 8 << 20

/** Keeps the newest whole generation of a shard's graphs. A generation is of use with every checkpoint of the shard. */
export class GraphFiles {
  readonly #options: GraphFilesOptions
  /** Newest first. */
  #names: readonly string[] = []
  #nextSequence = 1

  constructor(options: GraphFilesOptions) {
    this.#options = options
  }

  /** Takes the names found in the folder, and removes what a crash left half written. @throws the file layer's errors */
  async adopt(names: readonly string[]): Promise<void> {
    const { files, folder } = this.#options
    const sequences = names.map((name) => graphSequenceOf(name) ?? 0)
    this.#nextSequence = 1 + Math.max(0, ...sequences)
    this.#names = names.filter(isGraphFile).toSorted().toReversed()
    for (const name of names.filter(isGraphPart)) await files.unlink(`${folder.path}/${name}`)
  }

  /**
   * Writes a generation beside its place, renames it there when it is durable, and removes the ones before.
   *
   * @throws MILLRACE_CHECKPOINT_FAILED naming the file; the generation before stays
   */
  async write(source: FrameSource, signal: AbortSignal): Promise<{ readonly bytes: number }> {
    const { files, folder, crc32c } = this.#options
    const name = graphFileName(this.#nextSequence++)
    const path = `${folder.path}/${name}${partSuffix}`
    try {
      await folder.make()
      const { bytes } = await writeChainFile({ files, path, source, crc32c, signal })
      await files.rename(path, `${folder.path}/${name}`)
      await files.syncFolder(folder.path)
      const old = this.#names
      this.#names = [name]
      for (const one of old) await this.#remove(one)
      return { bytes }
    } catch (cause) {
      await files.unlink(path).catch(() => {})
      if (isEngineError(cause)) throw cause
      const { message: reason } = toEngineError(cause)
      throw new EngineError('MILLRACE_CHECKPOINT_FAILED', { file: path, reason }, { cause })
    }
  }

  /**
   * Reads the newest whole generation; damaged ones are set aside, and the next older one is tried.
   *
   * @returns undefined when there is none. @throws what else the target or the disk refuses
   */
  async load(target: GraphTarget): Promise<LoadedGraphs | undefined> {
    const { files, folder } = this.#options
    for (const file of this.#names) {
      try {
        return { file, vectors: await readGraphFile({ files, folder: folder.path }, file, target) }
      } catch (cause) {
        if (!isEngineError(cause, 'MILLRACE_GRAPH_CORRUPT')) throw cause
        await this.#setAside(file, cause)
      }
    }
    return undefined
  }

  async #setAside(name: string, error: EngineError): Promise<void> {
    const { files, folder, onDamage } = this.#options
    this.#names = this.#names.filter((one) => one !== name)
    onDamage(error)
    const path = `${folder.path}/${name}`
    await files.rename(path, `${path}${damagedSuffix}`).catch((cause: unknown) => {
      if (errnoOf(cause) !== 'ENOENT') throw cause
    })
    await files.syncFolder(folder.path)
  }

  async #remove(name: string): Promise<void> {
    const { files, folder } = this.#options
    await files.unlink(`${folder.path}/${name}`).catch((cause: unknown) => {
      if (errnoOf(cause) !== 'ENOENT') throw cause
    })
  }
}

/**
 * Reads one graph file into a target.
 *
 * @returns vectors that it leads to
 * @throws MILLRACE_GRAPH_CORRUPT with file and position, and what else the target or the disk refuses
 */
export async function readGraphFile(
  { files, folder }: { readonly files: FileLayer; readonly folder: string },
  name: string,
  target: GraphTarget
): Promise<number> {
  const path = `${folder}/${name}`
  let file: LogFile | undefined
  let position = 0
  try {
    file = await files.open(path, 'read')
    const buffer = new Uint8Array(Math.min(runBytes, Math.max(1, await file.size())))
    for (;;) {
      const bytes = await file.read(buffer, position)
      if (bytes === 0) break
      position += bytes
      await target.take(buffer.subarray(0, bytes))
    }
    return await target.finish()
  } catch (cause) {
    throw named(cause, path, position)
  } finally {
    await file?.close()
  }
}

/** What a disk cannot read back is as lost as what it reads back wrongly. */
function named(cause: unknown, file: string, readBytes: number): unknown {
  const errno = errnoOf(cause)
  if (errno === 'EIO' || errno === 'ENOENT') {
    const details = { file, position: readBytes, reason: `${errno}: it cannot be read` }
    return new EngineError('MILLRACE_GRAPH_CORRUPT', details, { cause })
  }
  if (!isEngineError(cause, 'MILLRACE_GRAPH_CORRUPT')) return cause
  const { position = 0, reason = cause.message } = cause.details
  return new EngineError('MILLRACE_GRAPH_CORRUPT', { file, position, reason }, { cause })
}
