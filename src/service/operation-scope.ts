import type { CollectionView } from '../domain/directory.ts'
import type { WriteRecord } from '../domain/ports.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceLimits } from './context.ts'

/** What an operation on points is encoded for. */
export interface OperationScope {
  readonly view: CollectionView
  readonly limits: ServiceLimits
}

/**
 * Turns the JSON text of one operation into records, in the order in which each shard is to apply them.
 *
 * @param body  JSON that `checkBody` has found right
 * @param path  put before the places that errors name: empty, or `operations[1].upsert.`
 * @throws      whatever is wrong with the operation; nothing has been written then
 */
export type EncodeOperation = (scope: OperationScope, body: Buffer, path: string) => WriteRecord[]

/** Custom sharding is refused when a collection is created, so no shard has a key. */
export function refuseShardKey(shardKey: unknown): void {
  if (shardKey === undefined || shardKey === null) return
  throw new EngineError('MILLRACE_INPUT_INVALID', {
    reason: `Shard key ${String(shardKey)} not found`
  })
}
