/** The JSON text of a message's key or value, from which everything else is read. */

import type { IngestEncoding } from '../domain/ingest.ts'
import { unpackMeta } from '../domain/record/index.ts'
import { checkJson } from '../engine/index.ts'
import { type Poison, poison } from './poison.ts'

/** @returns valid JSON text, at most `depthMax` deep */
export function valueText(
  bytes: Buffer,
  encoding: IngestEncoding,
  depthMax: number
): Buffer | Poison {
  if (encoding === 'msgpack') return textOfMessagePack(bytes, depthMax)
  const fault = bytes.length === 0 ? undefined : checkJson(bytes, depthMax)
  if (fault === null) return bytes
  if (fault === undefined) return poison('BAD_JSON', 'the value is empty')
  const what = fault.isTooDeep ? `deeper than ${depthMax} levels` : fault.reason
  return poison('BAD_JSON', `${what} at byte ${fault.position}`)
}

function textOfMessagePack(bytes: Buffer, depthMax: number): Buffer | Poison {
  try {
    return Buffer.from(textOf(unpackMeta(bytes), depthMax))
  } catch (cause) {
    return poison('BAD_MSGPACK', cause instanceof Error ? cause.message : String(cause))
  }
}

/** Integers keep every digit; bytes are a list of little-endian f32. */
function textOf(value: unknown, depthLeft: number): string {
  if (depthLeft < 0) throw new Error('nested too deep')
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return textOfFloats(value)
  if (Array.isArray(value)) return `[${value.map((item) => textOf(item, depthLeft - 1)).join(',')}]`
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Error('a number is not finite')
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  if (Object.getPrototypeOf(value) !== Object.prototype) {
    throw new Error('a value has a type that JSON does not know')
  }
  const members = Object.entries(value).map(
    ([key, member]) => `${JSON.stringify(key)}:${textOf(member, depthLeft - 1)}`
  )
  return `{${members.join(',')}}`
}

function textOfFloats(bytes: Uint8Array): string {
  if (bytes.byteLength % 4 !== 0) throw new Error('bytes are not a list of f32')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const floats = Array.from({ length: bytes.byteLength / 4 }, (_, index) =>
    view.getFloat32(4 * index, true)
  )
  if (!floats.every(Number.isFinite)) throw new Error('a number is not finite')
  return `[${floats.join(',')}]`
}
