import {
  type CpuInfo,
  callNative,
  type EncodeTarget,
  type JsonFault,
  type NativeEncodeTarget,
  native,
  type ParsedUpsert
} from './native.ts'

/** Made once for each version of a collection's schema and bucket map. */
export function makeEncodeTarget(target: NativeEncodeTarget): EncodeTarget {
  return callNative(() => native.makeEncodeTarget(target))
}

/** Parses an upsert body, list or batch form, into record frames split by shard; words no errors. */
export function parseUpsert(body: Uint8Array, target: EncodeTarget): ParsedUpsert {
  return callNative(() => native.parseUpsert(body, target))
}

/** Checks a JSON text before JSON.parse sees it; null when it is right. `depthMax` is at most 512. */
export function checkJson(body: Uint8Array, depthMax: number): JsonFault | null {
  return callNative(() => native.jsonCheck(body, depthMax))
}

/** @param seed  checksum of the bytes before these */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  return callNative(() => native.crc32c(bytes, seed))
}

export function xxh64(bytes: Uint8Array, seed = 0n): bigint {
  return callNative(() => native.xxh64(bytes, seed))
}

export function isJsonPath(text: string): boolean {
  return native.isJsonPath(text)
}

export function cpuInfo(): CpuInfo {
  return native.cpu()
}

/**
 * Locks a file for this process, until it ends or `unlockFile`. The holder's text is for people.
 * @throws the system's error, with its `errno`
 */
export function lockFile(path: string, holder: string): { fd: number } | { holder: string } {
  return callNative(() => native.lockFile(path, holder))
}

export function unlockFile(fd: number): void {
  native.unlockFile(fd)
}
