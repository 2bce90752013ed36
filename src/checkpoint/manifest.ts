/**
 * The manifest of one checkpoint. Everything is little-endian:
 *
 *     0   u32  magic, the bytes "MLCP"
 *     4   u32  format version, 1
 *     8   u32  length of the body
 *     12  u32  CRC32C of bytes 0–11 and the body
 *     16  …    body: one plain MessagePack map, see CheckpointManifest
 */
import { type Crc32c, type MetaValue, packMeta, unpackMeta } from '../domain/record/index.ts'
import { EngineError } from '../errors/index.ts'
import { manifestName } from './file-names.ts'

/** A whole checkpoint: the state of a shard before `nextOffset`, as a chain of files in order. */
export interface CheckpointManifest {
  readonly nextOffset: bigint
  /** 32 hexadecimal digits */
  readonly digest: string
  /** When it was written, milliseconds since 1970. */
  readonly writtenMs: number
  readonly liveRows: number
  readonly files: readonly ChainFile[]
}

/** One file of a chain: what changed in the shard from `since` (0: everything) up to `nextOffset`. */
export interface ChainFile {
  readonly file: string
  readonly since: bigint
  readonly nextOffset: bigint
  readonly bytes: number
  readonly crc32c: number
  readonly rows: number
}

export const manifestFormat = 1
const magic = 0x5043_4c4d
const headerBytes = 16

export function encodeManifest(manifest: CheckpointManifest, crc32c: Crc32c): Uint8Array {
  // Offsets are decimal texts, so that no reader has to tell integers from floats.
  const body = packMeta({
    nextOffset: String(manifest.nextOffset),
    digest: manifest.digest,
    writtenMs: manifest.writtenMs,
    liveRows: manifest.liveRows,
    files: manifest.files.map(
      (one): MetaValue => ({
        file: one.file,
        since: String(one.since),
        nextOffset: String(one.nextOffset),
        bytes: one.bytes,
        crc32c: one.crc32c,
        rows: one.rows
      })
    )
  })
  const bytes = new Uint8Array(headerBytes + body.byteLength)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic, true)
  view.setUint32(4, manifestFormat, true)
  view.setUint32(8, body.byteLength, true)
  bytes.set(body, headerBytes)
  view.setUint32(12, checkOf(bytes, crc32c), true)
  return bytes
}

/**
 * @param path  only names the file in errors
 * @throws MILLRACE_CHECKPOINT_CORRUPT, MILLRACE_CHECKPOINT_FORMAT_NEWER
 */
export function decodeManifest(
  bytes: Uint8Array,
  path: string,
  crc32c: Crc32c
): CheckpointManifest {
  const damaged = (position: number, reason: string) =>
    new EngineError('MILLRACE_CHECKPOINT_CORRUPT', { file: path, position, reason })
  if (bytes.byteLength < headerBytes) throw damaged(bytes.byteLength, 'it is shorter than a header')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== magic) throw damaged(0, 'no manifest starts here')
  // A newer version may say so in a body of another form, but its header keeps this one's checksum.
  if (view.getUint32(8, true) !== bytes.byteLength - headerBytes) {
    throw damaged(8, 'its length is not the one it names')
  }
  if (view.getUint32(12, true) !== checkOf(bytes, crc32c)) throw damaged(12, 'CRC32C')
  const found = view.getUint32(4, true)
  if (found > manifestFormat) {
    const details = { file: path, found, supported: manifestFormat }
    throw new EngineError('MILLRACE_CHECKPOINT_FORMAT_NEWER', details)
  }
  const manifest = readBody(bytes.subarray(headerBytes))
  if (!path.endsWith(manifestName(manifest.nextOffset))) {
    throw damaged(headerBytes, `it is the manifest of offset ${manifest.nextOffset}`)
  }
  return manifest
}

function checkOf(bytes: Uint8Array, crc32c: Crc32c): number {
  return crc32c(bytes.subarray(headerBytes), crc32c(bytes.subarray(0, 12)))
}

interface StoredManifest extends Omit<CheckpointManifest, 'nextOffset' | 'files'> {
  readonly nextOffset: string
  readonly files: readonly (Omit<ChainFile, 'since' | 'nextOffset'> & {
    readonly since: string
    readonly nextOffset: string
  })[]
}

function readBody(body: Uint8Array): CheckpointManifest {
  // The checksum tells that this is what encodeManifest wrote.
  const stored = unpackMeta(body) as StoredManifest
  return {
    nextOffset: BigInt(stored.nextOffset),
    digest: stored.digest,
    writtenMs: stored.writtenMs,
    liveRows: stored.liveRows,
    files: stored.files.map((one) => ({
      file: one.file,
      since: BigInt(one.since),
      nextOffset: BigInt(one.nextOffset),
      bytes: one.bytes,
      crc32c: one.crc32c,
      rows: one.rows
    }))
  }
}
