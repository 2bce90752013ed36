import {
  type CpuInfo,
  callNative,
  type EncodeTarget,
  type JsonFault,
  type NativeEncodeOperation,
  type NativeEncodeTarget,
  native,
  type ParsedMessages,
  type ParsedUpsert
} from './native.ts'

/** Made once for each version of a collection's schema and bucket map. */
export function makeEncodeTarget(target: NativeEncodeTarget): EncodeTarget {
  return callNative(() => native.makeEncodeTarget(target))
}

/**
 * Parses the body of an upsert, list or batch form, into record frames split by shard; words no errors.
 *
 * @param operation  for a plain upsert left out: then `update_mode` and `update_filter` make a body irregular
 */
export function parseUpsert(
  body: Uint8Array,
  target: EncodeTarget,
  operation?: NativeEncodeOperation
): ParsedUpsert {
  return callNative(() => native.parseUpsert(body, target, operation))
}

/** Parses messages that are one point each into record frames split by shard; those that are none are left out and told. */
export function parsePointMessages(
  messages: readonly Uint8Array[],
  target: EncodeTarget
): ParsedMessages {
  return callNative(() => native.parsePointMessages(messages, target))
}

/**
 * Takes a JSON container apart without reading what is in it.
 *
 * @returns the text of each member by its key, of a key given twice the last; undefined when `text` is no object
 */
export function jsonMembers(text: Buffer, depthMax: number): Map<string, Buffer> | undefined {
  const children = callNative(() => native.jsonChildren(text, depthMax))
  if (children === null || children.keys === null) return undefined
  const { keys, spans } = children
  return new Map(keys.map((key, index) => [key, childText(text, spans, index)]))
}

/** @returns the text of each item; undefined when `text` is no list */
export function jsonItems(text: Buffer, depthMax: number): Buffer[] | undefined {
  const children = callNative(() => native.jsonChildren(text, depthMax))
  if (children === null || children.keys !== null) return undefined
  const { spans } = children
  return Array.from({ length: spans.length / 2 }, (_, index) => childText(text, spans, index))
}

/** A payload as it is stored: minified, number tokens verbatim, key order kept; null when `text` is no object. */
export function payloadText(text: Uint8Array, depthMax: number): string | null {
  return callNative(() => native.payloadText(text, depthMax))
}

function childText(text: Buffer, spans: Uint32Array, index: number): Buffer {
  return text.subarray(spans[2 * index], spans[2 * index + 1])
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
