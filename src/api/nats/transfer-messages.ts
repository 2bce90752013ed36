/**
 * How a shard's state gets from node to node. Every request is answered by one message:
 *
 *     <prefix>.internal.v1.transfer.all.offer       who has this shard whole? Each that has answers
 *     <prefix>.internal.v1.transfer.<peer>.begin    take a snapshot
 *     <prefix>.internal.v1.transfer.<peer>.next     one part of one chunk of it; no bytes after the last
 *     <prefix>.internal.v1.transfer.<peer>.end      let go of it
 *
 * Bodies are MessagePack maps, but for the answer to `next`, which is bytes of a checkpoint's frames. These have their own
 * checksums, and the whole has its digest.
 */
import { packMeta, unpackMeta } from '../../domain/record/index.ts'
import type { ShardAddress, TransferOffer, TransferSnapshot } from '../../domain/transfer.ts'
import { EngineError } from '../../errors/index.ts'

export type TransferVerb = 'offer' | 'begin' | 'next' | 'end'

export function transferSubject(prefix: string, peer: number | 'all', verb: TransferVerb): string {
  return `${prefix}.internal.v1.transfer.${peer}.${verb}`
}

export interface PartRequest {
  readonly id: string
  readonly sequence: number
  /** From 0. */
  readonly part: number
}

/** Of an answer to `next`: how many parts the chunk has. */
export const partsHeader = 'x-millrace-parts'

export function packAddress({ collectionId, generation, shard }: ShardAddress): Uint8Array {
  return packMeta({ collectionId: collectionId.toString(), generation, shard })
}

export function addressOf(body: Uint8Array): ShardAddress {
  const { collectionId, generation, shard } = mapIn<Texts<ShardAddress>>(body)
  return { collectionId: BigInt(collectionId), generation, shard }
}

export function packOffer({ peerId, nextOffset }: TransferOffer): Uint8Array {
  return packMeta({ peerId, nextOffset: nextOffset.toString() })
}

export function offerOf(body: Uint8Array): TransferOffer {
  const { peerId, nextOffset } = mapIn<Texts<TransferOffer>>(body)
  return { peerId: Number(peerId), nextOffset: BigInt(nextOffset) }
}

export function packSnapshot({ id, nextOffset, points }: TransferSnapshot): Uint8Array {
  return packMeta({ id, nextOffset: nextOffset.toString(), points })
}

export function snapshotOf(body: Uint8Array): TransferSnapshot {
  const { id, nextOffset, points } = mapIn<Texts<TransferSnapshot>>(body)
  return { id, nextOffset: BigInt(nextOffset), points }
}

export function packPartRequest({ id, sequence, part }: PartRequest): Uint8Array {
  return packMeta({ id, sequence, part })
}

export function partRequestOf(body: Uint8Array): PartRequest {
  return mapIn<PartRequest>(body)
}

/** As on the wire: what is a bigint here is a text there. */
type Texts<Shape> = { [Key in keyof Shape]: Shape[Key] extends bigint ? string : Shape[Key] }

function mapIn<Shape>(body: Uint8Array): Shape {
  const value = unpackMeta(body)
  // Who may send them is a node, by the permissions of the NATS server.
  if (typeof value === 'object' && value !== null) return value as Shape
  throw new EngineError('MILLRACE_ARGUMENT_INVALID', { reason: 'a transfer message is no map' })
}
