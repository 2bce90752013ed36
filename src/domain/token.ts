/**
 * A token says how far a write went: base64url of [format, collectionId, generation, [shard, epoch, offset]…],
 * opaque to users. It travels in the header `x-millrace-token`, and reads accept it as `after`.
 */
import { EngineError } from '../errors/index.ts'
import type { ShardOffset } from './ports.ts'
import { packMeta, unpackMeta, writerEpochFirst } from './record/index.ts'

const tokenFormat = 1
export const tokenHeader = 'x-millrace-token'
/** How many records a read may lack while a shard catches up. */
export const lagHeader = 'x-millrace-lag-records'
/** Longest token accepted: 4096 shards fit. */
const tokenCharactersMax = 131_072

export interface WriteToken {
  readonly collectionId: bigint
  readonly generation: number
  readonly offsets: readonly ShardOffset[]
}

export function encodeToken({ collectionId, generation, offsets }: WriteToken): string {
  const highest = new Map<number, bigint>()
  for (const { shard, offset } of offsets) {
    const known = highest.get(shard)
    if (known === undefined || offset > known) highest.set(shard, offset)
  }
  const parts = [...highest].map(([shard, offset]) => [shard, writerEpochFirst, offset])
  return Buffer.from(packMeta([tokenFormat, collectionId, generation, ...parts])).toString(
    'base64url'
  )
}

/** @throws MILLRACE_TOKEN_INVALID */
export function decodeToken(text: string): WriteToken {
  const fail = (reason: string) => new EngineError('MILLRACE_TOKEN_INVALID', { reason })
  if (text.length > tokenCharactersMax || !/^[\w-]+$/.test(text)) throw fail('it is not base64url')
  const [format, collectionId, generation, ...parts] = unpackList(text, fail)
  if (format !== tokenFormat) throw fail('its format is unknown')
  if (!isWhole(collectionId) || !isWhole(generation)) throw fail('it is damaged')
  const offsets = parts.map((part): ShardOffset => {
    const [shard, , offset] = Array.isArray(part) ? part : []
    if (!isWhole(shard) || !isWhole(offset)) throw fail('it is damaged')
    return { shard: Number(shard), offset: BigInt(offset) }
  })
  // One wait for each shard is all that a read may cost.
  if (new Set(offsets.map(({ shard }) => shard)).size < offsets.length) throw fail('it is damaged')
  return { collectionId: BigInt(collectionId), generation: Number(generation), offsets }
}

function unpackList(text: string, fail: (reason: string) => EngineError): readonly unknown[] {
  try {
    const value = unpackMeta(Buffer.from(text, 'base64url'))
    if (Array.isArray(value)) return value
  } catch {
    // Falls through: whatever MessagePack says of it, it is no token.
  }
  throw fail('it is damaged')
}

function isWhole(value: unknown): value is number | bigint {
  return (
    (typeof value === 'bigint' && value >= 0n) ||
    (Number.isSafeInteger(value) && Number(value) >= 0)
  )
}
