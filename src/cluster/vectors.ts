/** Named vectors in the reducer of the metadata log. */
import { isSparse, slotsOf } from '../domain/collection.ts'
import type { ControlCommand } from '../domain/ports.ts'
import { isSameVector, vectorNamesMax, withoutVector, withVector } from '../domain/vector-names.ts'
import { type Decision, type Names, refused } from './aliases.ts'
import type { CollectionEntry } from './metadata-state.ts'

type VectorCommand = ControlCommand & { readonly type: 'createVector' | 'deleteVector' }

/** Each change is a new version of the collection's schema. A vector that is there already, or not there, is no change. */
export function changeVectors(names: Names, command: VectorCommand): Decision {
  const entry = names.collections.get(command.name)
  if (entry === undefined) {
    return refused(names, 'MILLRACE_COLLECTION_NOT_FOUND', { collection: command.name })
  }
  return command.type === 'createVector'
    ? createVector(names, entry, command)
    : deleteVector(names, entry, command.vector)
}

function createVector(
  names: Names,
  entry: CollectionEntry,
  { vector, config }: VectorCommand & { readonly type: 'createVector' }
): Decision {
  const { spec } = entry
  const slots = slotsOf(spec)
  const taken = slots.find(({ name }) => name === vector)
  const wantsSparse = 'sparse' in config
  const kind = wantsSparse ? 'Sparse vector' : 'Vector'
  if (taken === undefined) {
    if (slots.length < vectorNamesMax)
      return changed(names, entry, withVector(spec, vector, config))
    const details = { collection: entry.name, limit: vectorNamesMax }
    return refused(names, 'MILLRACE_VECTOR_NAME_LIMIT', details)
  }
  if (isSparse(taken) !== wantsSparse) {
    const as = isSparse(taken) ? 'as a sparse vector' : 'as a dense vector'
    return refused(names, 'MILLRACE_VECTOR_NAME_TAKEN', { kind, name: vector, as })
  }
  if (isSameVector(spec, vector, config)) return unchanged(names, entry)
  const as = 'with a different configuration'
  return refused(names, 'MILLRACE_VECTOR_NAME_TAKEN', { kind, name: vector, as })
}

function deleteVector(names: Names, entry: CollectionEntry, vector: string): Decision {
  const isThere = slotsOf(entry.spec).some(({ name }) => name === vector)
  return isThere
    ? changed(names, entry, withoutVector(entry.spec, vector))
    : unchanged(names, entry)
}

function changed(
  { collections, aliases }: Names,
  entry: CollectionEntry,
  spec: CollectionEntry['spec']
): Decision {
  const next = { ...entry, schemaVersion: entry.schemaVersion + 1, spec }
  return {
    collections: new Map([...collections, [entry.name, next]]),
    aliases,
    verdict: { accepted: true, changed: true, collectionId: entry.id }
  }
}

function unchanged({ collections, aliases }: Names, { id }: CollectionEntry): Decision {
  return { collections, aliases, verdict: { accepted: true, changed: false, collectionId: id } }
}
