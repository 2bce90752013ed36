import { EngineError } from '../src/errors/index.ts'

/** Offsets are numbers inside the drivers: 2^53 of them outlast any disk. */
export function offsetNumber(offset: bigint): number {
  return offset > maxSafe ? Number.POSITIVE_INFINITY : Number(offset)
}

const maxSafe = BigInt(Number.MAX_SAFE_INTEGER)

/** Fills `count` rising offsets from `first` without making a bigint of each. */
export function writeOffsets(into: BigUint64Array, at: number, first: number, count: number): void {
  const halves = new Uint32Array(into.buffer, into.byteOffset + at * 8, count * 2)
  for (let i = 0; i < count; i++) {
    const offset = first + i
    halves[2 * i] = offset >>> 0
    halves[2 * i + 1] = Math.floor(offset / 4294967296)
  }
}

/** @returns `count` rising offsets */
export function offsetsFrom(first: number, count: number): BigUint64Array {
  const offsets = new BigUint64Array(count)
  writeOffsets(offsets, 0, first, count)
  return offsets
}

export function unknownTopic(topic: string, partition: number): EngineError {
  return new EngineError('MILLRACE_LOG_TOPIC_UNKNOWN', { topic, partition })
}

/** Topics are folder names of the embedded log and topics of Kafka: the characters that both allow. */
export function checkTopicName(topic: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(topic)) throw unknownTopic(topic, 0)
}
