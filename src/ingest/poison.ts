/** Why a message cannot be applied. The reasons go into the headers of dead letters and never change their meaning. */
export const poisonReasons = {
  BAD_JSON: 'the value is no JSON',
  BAD_MSGPACK: 'the value is no MessagePack',
  BAD_ENVELOPE: 'the value is no change event',
  BAD_ID: 'there is no id, or one that is neither an unsigned integer nor a UUID',
  BAD_KEY: 'there is no value, and the key does not tell which point to delete',
  BAD_VECTOR: 'the vector is not one that the collection takes',
  DIM_MISMATCH: 'the vector has another number of components than the collection asks for',
  BAD_PAYLOAD: 'the payload is no JSON object',
  UNKNOWN_OP: 'the operation is none that an ingest knows',
  TOO_LARGE: 'the point needs a record larger than `limits.recordBytes`'
} as const

export type PoisonReason = keyof typeof poisonReasons

/** A message that is set aside. */
export interface Poison {
  readonly kind: 'poison'
  readonly reason: PoisonReason
  /** What is wrong with this one. */
  readonly detail: string
}

export function poison(reason: PoisonReason, detail: string = poisonReasons[reason]): Poison {
  return { kind: 'poison', reason, detail }
}
