/**
 * The subjects between nodes, addressed to one replica:
 *
 *     <prefix>.internal.v1.<peer>.<collection id>.<generation>.<shard>.<verb>
 */
import type { ShardRequest } from '../../domain/ports.ts'

type Address = Pick<ShardRequest, 'collectionId' | 'generation' | 'shard' | 'verb'>

export function shardSubject(prefix: string, request: Address & { peerId: number }): string {
  const { peerId, collectionId, generation, shard, verb } = request
  return `${prefix}.internal.v1.${peerId}.${collectionId}.${generation}.${shard}.${verb}`
}

/** What the node `peerId` listens to. */
export function peerSubjects(prefix: string, peerId: number): string {
  return `${prefix}.internal.v1.${peerId}.*.*.*.*`
}

/** @returns undefined for a subject that is none of these */
export function addressIn(subject: string): Address | undefined {
  const [, collectionId, generation, shard, verb] =
    /\.(\d{1,20})\.(\d{1,9})\.(\d{1,9})\.(\w+)$/.exec(subject) ?? []
  if (collectionId === undefined || verb === undefined) return undefined
  return {
    collectionId: BigInt(collectionId),
    generation: Number(generation),
    shard: Number(shard),
    verb
  }
}

/** Milliseconds that the asking node still waits. */
export const budgetHeader = 'x-millrace-deadline-ms'
/** `2/3`: the second of three messages that are one answer; an answer of one message has none. */
export const partHeader = 'x-millrace-part'
/** Long answers are cut, so that they hold up others on the connection only briefly. */
export const partBytesMax = 256 << 10
/** Room for the headers of a part. */
export const partHeaderBytes = 1024
