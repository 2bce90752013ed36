import type { CollectionView } from '../domain/directory.ts'
import { type EncodeTarget, makeEncodeTarget } from '../engine/index.ts'
import type { ServiceLimits } from './context.ts'

const targets = new WeakMap<CollectionView['spec'], EncodeTarget>()

/** What the native parser must know of a collection, made once for each of its specs. */
export function encodeTargetOf(view: CollectionView, limits: ServiceLimits): EncodeTarget {
  const known = targets.get(view.spec)
  if (known !== undefined) return known
  const target = makeEncodeTarget({
    collectionId: view.id,
    schemaVersion: view.schemaVersion,
    vectors: view.spec.vectors,
    sparse: view.spec.sparse ?? [],
    shardOfBucket: view.shardOfBucket,
    shards: view.shards.length,
    recordBytesMax: limits.recordBytes,
    jsonDepthMax: limits.jsonDepth
  })
  targets.set(view.spec, target)
  return target
}
