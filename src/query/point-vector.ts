import type { AnySlot } from '../domain/collection.ts'
import type { CollectionView } from '../domain/directory.ts'
import type { MultiVector } from '../domain/multi-vector.ts'
import type { PointId } from '../domain/point-id.ts'
import { bucketOf, parsePointIds } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import type { QueryVector } from './plan.ts'
import type { ShardAccess } from './shard-access.ts'

/**
 * The stored vector of a point, of unit length where the distance is cosine.
 *
 * @throws MILLRACE_POINT_MISSING, MILLRACE_POINT_VECTOR_MISSING
 */
export async function vectorOfPoint(
  view: CollectionView,
  shards: ShardAccess,
  slot: AnySlot,
  id: PointId
): Promise<QueryVector> {
  const ids = parsePointIds([String(id)])
  const shape = { payload: false, vectors: [slot.name], startNs: 0n }
  const shard = view.shardOfBucket[bucketOf(ids, 0)] ?? 0
  const response = await shards.renderPoint(shard, ids, shape)
  if (!response) throw new EngineError('MILLRACE_POINT_MISSING', { id })
  // The engine writes floats so that they read back as the same ones.
  const { result } = JSON.parse(response.toString('utf8')) as RenderedPoint
  const { vector: shown } = result
  const vector = isList(shown) ? shown : shown[slot.name]
  if (vector === undefined) {
    throw new EngineError('MILLRACE_POINT_VECTOR_MISSING', { name: slot.name })
  }
  return vector
}

function isList(
  vector: RenderedPoint['result']['vector']
): vector is readonly number[] | MultiVector {
  return Array.isArray(vector)
}

/** What `renderPoint` answers for one slot; the unnamed vector of a collection without others comes bare. */
interface RenderedPoint {
  readonly result: {
    readonly vector: readonly number[] | MultiVector | Readonly<Record<string, QueryVector>>
  }
}
