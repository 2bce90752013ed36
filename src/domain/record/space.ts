import { headerFields, recordKinds } from './layout.ts'

const kindAt = headerFields.find(({ name }) => name === 'kind')?.at ?? 0

/** Records that make a collection smaller, or that an operation needs to come to an end. */
const kindsWithoutSpace: ReadonlySet<number> = new Set([
  recordKinds.deletePoints,
  recordKinds.deleteByFilter,
  recordKinds.deleteVectors,
  recordKinds.deletePayload,
  recordKinds.clearPayload,
  recordKinds.deleteFieldIndex,
  recordKinds.deleteVectorName,
  recordKinds.expire,
  recordKinds.barrier,
  recordKinds.schema
])

/** Whether what a frame asks for needs lasting space on the disk, as an upsert does and a deletion does not. */
export function needsSpace(frame: Uint8Array): boolean {
  return !kindsWithoutSpace.has(frame[kindAt] ?? 0)
}
