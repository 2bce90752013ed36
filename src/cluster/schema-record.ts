/** The schema record: the first record of a generation, and one more at every change of what apply must know. */
import { type Crc32c, encodeFrame, metaSection, recordKinds } from '../domain/record/index.ts'
import type { CollectionEntry } from './metadata-state.ts'

export function encodeSchema(entry: CollectionEntry, shard: number, crc32c: Crc32c): Uint8Array {
  const schema = {
    version: entry.schemaVersion,
    versionBase: entry.versionBase,
    shard,
    vectors: entry.spec.vectors.map(({ slot, name, size, distance, datatype, multi }) => ({
      slot,
      name,
      size,
      distance,
      ...(datatype && { datatype }),
      ...(multi && { multi })
    })),
    // Schemas without sparse vectors stay what they were before there were any.
    ...(entry.spec.sparse && {
      sparse: entry.spec.sparse.map(({ slot, name }) => ({ slot, name }))
    })
  }
  return encodeFrame(
    {
      kind: recordKinds.schema,
      collectionId: entry.id,
      schemaVersion: entry.schemaVersion,
      count: 0,
      sections: [metaSection(schema)]
    },
    crc32c
  )
}
