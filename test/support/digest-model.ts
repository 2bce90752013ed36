import xxhash from 'xxhash-wasm'
import type { PointId } from '../../src/domain/point-id.ts'
import { uuidBytes } from '../../src/domain/point-id.ts'
import {
  decodeFrame,
  type Frame,
  readIds,
  readMeta,
  recordKinds,
  type Section,
  sectionKinds
} from '../../src/domain/record/index.ts'
import { crc32c } from '../../src/engine/index.ts'

/**
 * The state of a shard as docs/reference/log-format.md says it, in the plainest way: maps, and a digest that is
 * summed anew each time. It knows upserts and deletes of points by id.
 */
export class DigestModel {
  readonly #points = new Map<string, Point>()
  readonly #producers = new Map<bigint, { sequence: bigint; offset: bigint }>()
  #schema: Schema | undefined
  #epoch = 0n

  apply(bytes: Uint8Array, offset: bigint): void {
    // Sections are read through typed arrays, which must be aligned.
    const frame = decodeFrame(bytes.slice(), crc32c, offset)
    if (frame.kind === recordKinds.schema) this.#schema = readMeta(frame) as Schema
    else if (frame.kind === recordKinds.upsert) this.#upsert(frame, offset)
    else if (frame.kind === recordKinds.deletePoints)
      for (const id of idsOf(frame)) this.#points.delete(String(id))
    else throw new Error(`the digest model does not know record kind ${frame.kind}`)
    this.#producers.set(frame.producerId, { sequence: frame.sequence, offset })
    this.#epoch = BigInt(Math.max(Number(this.#epoch), frame.writerEpoch))
  }

  get pointCount(): number {
    return this.#points.size
  }

  /** @returns 32 hexadecimal digits, as the engine gives them */
  digest(): string {
    const { version = 0, versionBase = 0, shard = 0, vectors = [] } = this.#schema ?? {}
    const sum = new Sum()
    for (const point of this.#points.values()) point.addTo(sum, BigInt(versionBase))
    sum.add(component.schema, [BigInt(version), BigInt(versionBase), BigInt(shard)])
    for (const { slot, name, size, distance } of vectors) {
      const words = [slot, size, distances.indexOf(distance)].map(BigInt)
      sum.add(component.schemaContent, words, new TextEncoder().encode(name))
    }
    for (const [producer, { sequence, offset }] of this.#producers)
      sum.add(component.producer, [producer, sequence, offset])
    sum.add(component.epoch, [this.#epoch])
    return sum.hex()
  }

  #upsert(frame: Frame, offset: bigint): void {
    const section = (kind: number) => frame.sections.find((one) => one.kind === kind)
    const vectors = frame.sections.filter(({ kind }) => kind === sectionKinds.vectors)
    const payloads = payloadsOf(section(sectionKinds.payload), frame.count)
    idsOf(frame).forEach((id, row) => {
      const stored = vectors.map(({ slot, bytes }) => {
        const width = bytes.byteLength / frame.count
        return { slot, bytes: bytes.slice(row * width, (row + 1) * width) }
      })
      this.#points.set(String(id), new Point(id, offset, stored, payloads[row]))
    })
  }
}

const component = {
  version: 2n,
  vector: 3n,
  payload: 4n,
  schema: 5n,
  schemaContent: 6n,
  producer: 7n,
  epoch: 8n
}
const distances = ['Cosine', 'Dot', 'Euclid', 'Manhattan']
const seedHigh = 0x6d696c6c72616365n
const seedLow = 0x6469676573743031n
const modulus = 1n << 128n
const { h64Raw } = await xxhash()

interface Schema {
  readonly version: number
  readonly versionBase: number | bigint
  readonly shard: number
  readonly vectors: readonly { slot: number; name: string; size: number; distance: string }[]
}

class Sum {
  #value = 0n

  add(number: bigint, words: readonly bigint[], bytes: Uint8Array = new Uint8Array(0)): void {
    this.#value = (this.#value + hashOf(number, words, bytes)) % modulus
  }

  addHash(hash: bigint): void {
    this.#value = (this.#value + hash) % modulus
  }

  hex(): string {
    return this.#value.toString(16).padStart(32, '0')
  }
}

class Point {
  readonly #id: PointId
  readonly #version: bigint
  /** Made when it is asked for first: most points are replaced before. */
  #hash: bigint | undefined
  readonly #vectors: readonly { slot: number; bytes: Uint8Array }[]
  readonly #payload: Uint8Array | undefined

  constructor(
    id: PointId,
    version: bigint,
    vectors: readonly { slot: number; bytes: Uint8Array }[],
    payload: Uint8Array | undefined
  ) {
    this.#id = id
    this.#version = version
    this.#vectors = vectors
    this.#payload = payload
  }

  addTo(sum: Sum, versionBase: bigint): void {
    this.#hash ??= this.#made(versionBase)
    sum.addHash(this.#hash)
  }

  #made(versionBase: bigint): bigint {
    const id = idWords(this.#id)
    let hash = hashOf(component.version, [...id, versionBase + this.#version])
    for (const { slot, bytes } of this.#vectors)
      hash += hashOf(component.vector, [...id, BigInt(slot), 0n], bytes)
    if (this.#payload !== undefined && this.#payload.byteLength > 0)
      hash += hashOf(component.payload, id, this.#payload)
    return hash
  }
}

function hashOf(
  number: bigint,
  words: readonly bigint[],
  bytes: Uint8Array = new Uint8Array(0)
): bigint {
  const prefix = new Uint8Array(BigUint64Array.from([number, ...words]).buffer)
  return (h64Raw(bytes, h64Raw(prefix, seedHigh)) << 64n) | h64Raw(bytes, h64Raw(prefix, seedLow))
}

function idWords(id: PointId): bigint[] {
  if (typeof id === 'bigint') return [0n, 0n, id]
  const view = new DataView(uuidBytes(id).buffer)
  return [1n, view.getBigUint64(0), view.getBigUint64(8)]
}

function idsOf(frame: Frame): PointId[] {
  const section = frame.sections.find(({ kind }) => kind === sectionKinds.ids)
  return section === undefined ? [] : readIds(section)
}

function payloadsOf(section: Section | undefined, count: number): (Uint8Array | undefined)[] {
  if (section === undefined) return Array.from({ length: count }, () => undefined)
  const { bytes } = section
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = bytes.subarray((count + 1) * 4)
  return Array.from({ length: count }, (_, row) =>
    text.slice(view.getUint32(row * 4, true), view.getUint32(row * 4 + 4, true))
  )
}
