/** MessagePack requests become JSON text, and JSON answers MessagePack: so both formats meet one parser and one renderer. */
import { packMeta } from '../../domain/record/index.ts'
import { EngineError } from '../../errors/index.ts'
import { parseJson } from '../../service/index.ts'

/**
 * @param bytes     one value: nil, booleans, numbers, strings, lists, maps with strings as keys; a bin is a vector, as
 *                  little-endian f32
 * @param depthMax  lists and maps within each other
 * @throws          MILLRACE_BODY_MALFORMED
 */
export function jsonOfMessagePack(bytes: Uint8Array, depthMax: number): Buffer {
  const reader = new MessagePackReader(bytes, depthMax)
  const text = reader.value(0)
  if (reader.left > 0) throw malformed(`${reader.left} bytes follow the value`)
  return Buffer.from(text, 'utf8')
}

/** Deeper than any answer: a payload's depth and the levels around it. */
const answerDepthMax = 512
/** The widest integers of MessagePack. */
const integerMin = -(1n << 63n)
const integerMax = (1n << 64n) - 1n

/** @param json  an answer of this server */
export function messagePackOfJson(json: Buffer): Uint8Array {
  return packMeta(withinRange(parseJson(json, answerDepthMax, 'lenient')) as null)
}

/** Integers that MessagePack cannot hold become floats, as most readers of JSON would make them. */
function withinRange(value: unknown): unknown {
  if (typeof value === 'bigint') {
    return value >= integerMin && value <= integerMax ? value : Number(value)
  }
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    // Long lists are vectors, and of one kind.
    return typeof value[0] === 'number' && !value.some(isBigInt) ? value : value.map(withinRange)
  }
  const copy: Record<string, unknown> = Object.create(null)
  for (const [key, inner] of Object.entries(value)) copy[key] = withinRange(inner)
  return copy
}

function isBigInt(value: unknown): boolean {
  return typeof value === 'bigint'
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

class MessagePackReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #depthMax: number
  #at = 0

  constructor(bytes: Uint8Array, depthMax: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#depthMax = depthMax
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** @returns the JSON text of the value that begins here */
  value(depth: number): string {
    const tag = this.#take(1, (at) => this.#view.getUint8(at))
    if (tag < 0x80) return String(tag)
    if (tag < 0x90) return this.#map(tag & 15, depth)
    if (tag < 0xa0) return this.#list(tag & 15, depth)
    if (tag < 0xc0) return JSON.stringify(this.#string(tag & 31))
    if (tag >= 0xe0) return String(tag - 256)
    return this.#tagged(tag, depth)
  }

  #tagged(tag: number, depth: number): string {
    const view = this.#view
    switch (tag) {
      case 0xc0:
        return 'null'
      case 0xc2:
        return 'false'
      case 0xc3:
        return 'true'
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#vector(this.#length(tag - 0xc4))
      case 0xca:
        return this.#float(this.#take(4, (at) => view.getFloat32(at)))
      case 0xcb:
        return this.#float(this.#take(8, (at) => view.getFloat64(at)))
      case 0xcc:
      case 0xcd:
      case 0xce:
        return String(this.#length(tag - 0xcc))
      case 0xcf:
        return String(this.#take(8, (at) => view.getBigUint64(at)))
      case 0xd0:
        return String(this.#take(1, (at) => view.getInt8(at)))
      case 0xd1:
        return String(this.#take(2, (at) => view.getInt16(at)))
      case 0xd2:
        return String(this.#take(4, (at) => view.getInt32(at)))
      case 0xd3:
        return String(this.#take(8, (at) => view.getBigInt64(at)))
      case 0xd9:
      case 0xda:
      case 0xdb:
        return JSON.stringify(this.#string(this.#length(tag - 0xd9)))
      case 0xdc:
      case 0xdd:
        return this.#list(this.#length(tag - 0xdb), depth)
      case 0xde:
      case 0xdf:
        return this.#map(this.#length(tag - 0xdd), depth)
      default:
        throw malformed(`0x${tag.toString(16)} at byte ${this.#at - 1} is no value of JSON`)
    }
  }

  /** @param width  0, 1, 2: in 1, 2, 4 bytes */
  #length(width: number): number {
    const view = this.#view
    if (width === 0) return this.#take(1, (at) => view.getUint8(at))
    return width === 1
      ? this.#take(2, (at) => view.getUint16(at))
      : this.#take(4, (at) => view.getUint32(at))
  }

  #list(length: number, depth: number): string {
    this.#checkRoom(length, depth)
    const items: string[] = []
    for (let index = 0; index < length; index++) items.push(this.value(depth + 1))
    return `[${items.join(',')}]`
  }

  #map(length: number, depth: number): string {
    this.#checkRoom(2 * length, depth)
    const members: string[] = []
    for (let index = 0; index < length; index++) {
      const key = this.value(depth + 1)
      if (!key.startsWith('"')) throw malformed(`the key ${key.slice(0, 40)} is no string`)
      members.push(`${key}:${this.value(depth + 1)}`)
    }
    return `{${members.join(',')}}`
  }

  /** Each value has at least one byte: what cannot be there is refused before memory is taken for it. */
  #checkRoom(values: number, depth: number): void {
    if (depth >= this.#depthMax) {
      throw malformed(
        `recursion limit exceeded: deeper than ${this.#depthMax} levels (limits.jsonDepth)`
      )
    }
    if (values > this.left) throw this.#endsEarly()
  }

  #string(length: number): string {
    const text = this.#take(length, (at) => this.#bytes.subarray(at, at + length))
    try {
      return utf8.decode(text)
    } catch {
      throw malformed(`the string that ends at byte ${this.#at} is not UTF-8`)
    }
  }

  #vector(length: number): string {
    if (length % 4 !== 0) throw malformed(`a bin of ${length} bytes is no vector of f32`)
    const components: string[] = []
    for (let index = 0; index < length; index += 4) {
      components.push(this.#float(this.#take(4, (at) => this.#view.getFloat32(at, true))))
    }
    return `[${components.join(',')}]`
  }

  #float(value: number): string {
    if (Number.isFinite(value)) return Object.is(value, -0) ? '-0.0' : String(value)
    throw malformed(`the number before byte ${this.#at} is not finite`)
  }

  #take<Value>(length: number, read: (at: number) => Value): Value {
    if (length > this.left) throw this.#endsEarly()
    const value = read(this.#at)
    this.#at += length
    return value
  }

  #endsEarly(): EngineError {
    return malformed(`the MessagePack ends early, at byte ${this.#bytes.length}`)
  }
}

function malformed(reason: string): EngineError {
  return new EngineError('MILLRACE_BODY_MALFORMED', { reason })
}
