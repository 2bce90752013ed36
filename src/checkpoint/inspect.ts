/** Looks at the checkpoints of a shard without changing anything. */
import { errnoOf, type FileLayer, readWholeFile } from '../../streams/index.ts'
import type { Crc32c } from '../domain/record/index.ts'
import { EngineError, isEngineError } from '../errors/index.ts'
import { type FrameSink, readChainFile } from './chain-reader.ts'
import {
  damagedSuffix,
  isChainFile,
  isGraphFile,
  isGraphPart,
  isManifest,
  isTemporary
} from './file-names.ts'
import { type CheckpointManifest, decodeManifest } from './manifest.ts'

/** Takes the frames of a whole checkpoint, then its end. */
export interface LoadTarget {
  readonly take: FrameSink
  /** @throws MILLRACE_CHECKPOINT_CORRUPT when what was taken does not have the digest that it names */
  readonly finish: () => Promise<void>
}

export interface InspectedCheckpoints {
  /** Oldest first. */
  readonly manifests: readonly CheckpointManifest[]
  /** MILLRACE_CHECKPOINT_CORRUPT or MILLRACE_CHECKPOINT_FORMAT_NEWER, of manifests. */
  readonly faults: readonly EngineError[]
  /** Names of graph files, newest first. */
  readonly graphs: readonly string[]
  /** Names that are no part of a checkpoint: leftovers of a crash, and what was set aside as damaged. */
  readonly leftovers: readonly string[]
}

/** @throws the file layer's errors, but not when there is no such folder */
export async function inspectCheckpoints(
  files: FileLayer,
  folder: string,
  crc32c: Crc32c
): Promise<InspectedCheckpoints> {
  const names = await files.list(folder).catch((cause: unknown) => {
    if (errnoOf(cause) === 'ENOENT') return []
    throw cause
  })
  const manifests: CheckpointManifest[] = []
  const faults: EngineError[] = []
  for (const name of names.filter(isManifest)) {
    const path = `${folder}/${name}`
    try {
      const content = await readWholeFile(files, path)
      manifests.push(decodeManifest(content ?? new Uint8Array(0), path, crc32c))
    } catch (cause) {
      if (!isEngineError(cause)) throw cause
      faults.push(cause)
    }
  }
  const named = new Set(manifests.flatMap((one) => one.files.map(({ file }) => file)))
  const isLeftover = (name: string) =>
    isTemporary(name) ||
    isGraphPart(name) ||
    name.endsWith(damagedSuffix) ||
    (isChainFile(name) && !named.has(name))
  const graphs = names.filter(isGraphFile).toSorted().toReversed()
  return { manifests, faults, graphs, leftovers: names.filter(isLeftover) }
}

/**
 * Reads a checkpoint into a target, setting nothing aside.
 *
 * @throws MILLRACE_CHECKPOINT_CORRUPT with file and position, and the target's errors
 */
export async function readCheckpoint(
  manifest: CheckpointManifest,
  target: LoadTarget,
  { files, folder, crc32c }: { files: FileLayer; folder: string; crc32c: Crc32c }
): Promise<void> {
  for (const entry of manifest.files) {
    await readChainFile({ files, folder, entry, crc32c, sink: target.take })
  }
  try {
    await target.finish()
  } catch (cause) {
    if (!isEngineError(cause, 'MILLRACE_CHECKPOINT_CORRUPT')) throw cause
    const { position = 0, reason = cause.message } = cause.details
    const file = `${folder}/${manifest.files.at(-1)?.file ?? ''}`
    throw new EngineError('MILLRACE_CHECKPOINT_CORRUPT', { file, position, reason }, { cause })
  }
}
