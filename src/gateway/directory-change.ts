/**
 * The shard directory as it travels to the workers: only what changed, and of a collection that did not change in kind
 * neither its spec nor its bucket map. What stays is the same object in every version, so that caches keyed by it stay warm.
 */
import type { CollectionView, ShardDirectory, ShardView } from '../domain/directory.ts'

export interface DirectoryChange {
  /** All of the directory but its collections. */
  readonly facts: Omit<ShardDirectory, 'collections'>
  readonly removed: readonly string[]
  readonly changed: readonly ViewChange[]
}

/** A new view; without spec and bucket map those of the view before stay. */
interface ViewChange {
  readonly name: string
  readonly view: Omit<CollectionView, Lasting>
  readonly lasting: Pick<CollectionView, Lasting> | undefined
}

type Lasting = 'spec' | 'shardOfBucket'

/** What leads from `before` to `after`. */
export function directoryChange(before: ShardDirectory, after: ShardDirectory): DirectoryChange {
  const { collections, ...facts } = after
  const changed: ViewChange[] = []
  for (const [name, view] of collections) {
    const known = before.collections.get(name)
    if (known === view) continue
    const change = viewChange(name, known, view)
    if (change !== undefined) changed.push(change)
  }
  const removed = [...before.collections.keys()].filter((name) => !collections.has(name))
  return { facts, removed, changed }
}

/** Whether a change of `before` says more than a new version. */
export function isWorthSending(before: ShardDirectory, change: DirectoryChange): boolean {
  const { collections, ...facts } = before
  const isQuiet = change.removed.length === 0 && change.changed.length === 0
  return !isQuiet || !areAlike(facts, change.facts, (name) => name === 'version')
}

/** The directory after `change`, in the thread that received it. */
export function followDirectory(before: ShardDirectory, change: DirectoryChange): ShardDirectory {
  const collections = new Map(before.collections)
  for (const name of change.removed) collections.delete(name)
  for (const { name, view, lasting } of change.changed) {
    const kept = lasting ?? before.collections.get(name)
    // The first change of a name brings what lasts.
    if (kept === undefined) continue
    const { spec, shardOfBucket } = kept
    collections.set(name, { ...view, spec, shardOfBucket })
  }
  return { ...change.facts, collections }
}

function viewChange(
  name: string,
  before: CollectionView | undefined,
  after: CollectionView
): ViewChange | undefined {
  const { spec, shardOfBucket, ...view } = after
  if (before?.spec !== spec || before.shardOfBucket !== shardOfBucket)
    return { name, view, lasting: { spec, shardOfBucket } }
  const isSame =
    areAlike(before, after, (name) => name === 'shards') && areSameShards(before, after)
  return isSame ? undefined : { name, view, lasting: undefined }
}

function areSameShards(before: CollectionView, after: CollectionView): boolean {
  const isSame = (known: ShardView | undefined, view: ShardView) =>
    known !== undefined &&
    areAlike(known, view, (name) => name === 'status') &&
    areAlike(known.status, view.status)
  return (
    before.shards.length === after.shards.length &&
    after.shards.every((view, index) => isSame(before.shards[index], view))
  )
}

/** Whether two objects have the same members, but for those that are compared elsewhere. */
function areAlike(
  before: object,
  after: object,
  isElsewhere: (name: string) => boolean = () => false
): boolean {
  const members = new Map(Object.entries(before))
  const entries = Object.entries(after)
  return (
    members.size === entries.length &&
    entries.every(([name, value]) => isElsewhere(name) || members.get(name) === value)
  )
}
