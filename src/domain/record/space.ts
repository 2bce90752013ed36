import {
  headerBytes,
  headerFields,
  recordKinds,
  sectionEntryBytes,
  sectionFields,
  sectionKinds
} from './layout.ts'

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
  const kind = frame[kindAt] ?? 0
  if (kind !== recordKinds.batch) return !kindsWithoutSpace.has(kind)
  return operationKinds(frame).some((one) => !kindsWithoutSpace.has(one))
}

const headerAt = (name: (typeof headerFields)[number]['name']) => positionOf(headerFields, name)
const entryAt = (name: (typeof sectionFields)[number]['name']) => positionOf(sectionFields, name)
const kindAt = headerAt('kind')

/** @returns the kinds of the frames in a batch; nothing of them is checked here */
function operationKinds(frame: Uint8Array): number[] {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const kinds: number[] = []
  for (let i = 0; i < view.getUint32(headerAt('sectionCount'), true); i++) {
    const entry = headerBytes + i * sectionEntryBytes
    if (view.getUint16(entry + entryAt('kind'), true) !== sectionKinds.operations) continue
    const table = view.getUint32(entry + entryAt('offset'), true)
    const rows = view.getUint32(entry + entryAt('rows'), true)
    for (let row = 0; row < rows; row++) {
      const start = table + (rows + 1) * 4 + view.getUint32(table + row * 4, true)
      kinds.push(frame[start + kindAt] ?? 0)
    }
  }
  return kinds
}

function positionOf(fields: readonly { name: string; at: number }[], name: string): number {
  // The callers name fields of the layout.
  return (fields.find((field) => field.name === name) as { at: number }).at
}
