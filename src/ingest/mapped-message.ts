import type { PointId } from '../domain/point-id.ts'
import type { Poison } from './poison.ts'

/** A message of a partition of a user's topic. */
export interface SourceMessage {
  readonly offset: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
}

/** What a message asks for. */
export type MappedMessage =
  /** To be written: `{"id":…,"vector":…,"payload":…}`, which the engine is yet to accept. */
  | { readonly kind: 'point'; readonly text: Buffer }
  | { readonly kind: 'delete'; readonly id: PointId }
  /** Says nothing of points, such as a heartbeat. */
  | { readonly kind: 'nothing' }
  | Poison

/** Reads one message; a pure function of its bytes. */
export type MapMessage = (message: SourceMessage) => MappedMessage
