import type { OperationName } from '../domain/schemas/index.ts'
import type { ServiceContext, WriteOptions } from './context.ts'
import { withNewestSchema } from './newest-schema.ts'
import { pointOperations } from './points-operations.ts'
import { servingCollection } from './serving-collection.ts'
import { type WriteAnswer, writeRecords } from './write-records.ts'

/**
 * Changes points: one operation, in one record or more for each shard that it touches.
 *
 * @param body  the JSON text of the operation, as in `points/batch`
 * @throws      MILLRACE_COLLECTION_NOT_FOUND; what is wrong with the operation, then nothing is written; with `wait` the
 *              rejection of the lowest failing shard, MILLRACE_POINT_MISSING among them when all else was applied
 */
export async function writePoints(
  context: ServiceContext,
  name: string,
  operation: OperationName,
  body: Buffer,
  options: WriteOptions
): Promise<WriteAnswer> {
  return withNewestSchema(context, options, async () => {
    const view = await servingCollection(context, name, options.timeoutMs)
    const records = pointOperations[operation]({ view, limits: context.limits }, body, '')
    return writeRecords(context, view, records, options)
  })
}
