/** Writes one file of a chain. */
import { dirname } from 'node:path'
import { type FileLayer, writeFully } from '../../streams/index.ts'
import type { Crc32c } from '../domain/record/index.ts'

/**
 * Gives the next whole frames, at most `bytesMax` where a frame fits, and undefined after the last. One call at a time.
 *
 * `spent`: bytes that it gave before and nobody reads any more; their memory may be gone after the call.
 */
export type FrameSource = (bytesMax: number, spent?: Uint8Array) => Promise<Uint8Array | undefined>

const chunkBytesMax = 8 << 20
/** One sync of gigabytes at the end would make the log's own syncs wait for all of them. */
const syncEveryBytes = 64 << 20

/**
 * Writes what the source gives and makes it durable; the next chunk is made while one is written.
 *
 * @returns its length and CRC32C
 * @throws the file layer's errors; what is left of the file then is no part of any checkpoint
 */
export async function writeChainFile(options: {
  readonly files: FileLayer
  readonly path: string
  readonly source: FrameSource
  readonly crc32c: Crc32c
  readonly signal: AbortSignal
}): Promise<{ readonly bytes: number; readonly crc32c: number }> {
  const { files, path, source, crc32c, signal } = options
  const file = await files.open(path, 'create')
  let bytes = 0
  let crc = 0
  let syncedBytes = 0
  let making: Promise<Uint8Array | undefined> = Promise.resolve(undefined)
  try {
    making = source(chunkBytesMax)
    let spent: Uint8Array | undefined
    for (let chunk = await making; chunk !== undefined; chunk = await making) {
      signal.throwIfAborted()
      making = source(chunkBytesMax, spent)
      making.catch(() => {})
      crc = crc32c(chunk, crc)
      await writeFully(file, chunk, bytes)
      bytes += chunk.byteLength
      spent = chunk
      if (bytes - syncedBytes < syncEveryBytes) continue
      await file.syncData()
      syncedBytes = bytes
    }
    await file.syncData()
  } finally {
    await making.catch(() => {})
    await file.close()
  }
  await files.syncFolder(dirname(path))
  return { bytes, crc32c: crc }
}
