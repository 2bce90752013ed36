import { EngineError } from '../../src/errors/index.ts'
import type { Crc32c } from '../crc32c.ts'
import { type FileLayer, readWholeFile, replaceFile } from '../files.ts'
import { formatVersion } from './segment-format.ts'

/**
 * What a partition's `log.json` says: which segments belong to the log, where it starts and what was
 * certainly durable. It is replaced atomically before a new segment is used or an old one goes.
 */
export interface Manifest {
  readonly epoch: number
  readonly start: number
  /** Everything below was durable when the manifest was written: less than this on disk is damage. */
  readonly durableThrough: number
  /** in the order of offsets; only the last one may grow */
  readonly segments: readonly ManifestSegment[]
}

export interface ManifestSegment {
  readonly first: number
  /** 16 hexadecimal digits */
  readonly id: string
  readonly prevBodyCrc: number
  readonly sealed?: SealedSegment
}

export interface SealedSegment {
  readonly end: number
  readonly bytes: number
  readonly firstTimeMs: number
  readonly lastTimeMs: number
}

export const manifestName = 'log.json'

export async function saveManifest(
  files: FileLayer,
  folder: string,
  manifest: Manifest,
  crc32c: Crc32c
): Promise<void> {
  const content = JSON.stringify(manifest)
  const check = crc32c(new TextEncoder().encode(content))
  const text = `{"format":${formatVersion},"check":${check},"manifest":${content}}\n`
  await replaceFile(files, folder, manifestName, new TextEncoder().encode(text))
}

/** @throws MILLRACE_LOG_CORRUPT, MILLRACE_LOG_FORMAT_NEWER */
export async function loadManifest(
  files: FileLayer,
  folder: string,
  crc32c: Crc32c
): Promise<Manifest> {
  const file = `${folder}/${manifestName}`
  const damaged = (reason: string) =>
    new EngineError('MILLRACE_LOG_CORRUPT', { file, position: 0, offset: 0, reason })
  const bytes = await readWholeFile(files, file)
  if (bytes === undefined) throw damaged('the file is missing')
  const outer = parse(bytes)
  if (outer === undefined || typeof outer.format !== 'number') throw damaged('it is no manifest')
  if (outer.format > formatVersion) {
    const details = { file, found: outer.format, supported: formatVersion }
    throw new EngineError('MILLRACE_LOG_FORMAT_NEWER', details)
  }
  const check = crc32c(new TextEncoder().encode(JSON.stringify(outer.manifest)))
  if (check !== outer.check) throw damaged('its checksum does not match')
  // The checksum tells that this is what saveManifest wrote.
  return outer.manifest as Manifest
}

function parse(bytes: Uint8Array): Record<'format' | 'check' | 'manifest', unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    if (typeof value !== 'object' || value === null) return undefined
    return { format: undefined, check: undefined, manifest: undefined, ...value }
  } catch {
    return undefined
  }
}
