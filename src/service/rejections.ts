import { findCollection } from '../domain/directory.ts'
import { checkCollectionName } from '../domain/names.ts'
import type { ServiceContext } from './context.ts'

/** What apply rejected of the writes that nobody waited for. @throws MILLRACE_COLLECTION_NOT_FOUND */
export async function listRejections(context: ServiceContext, name: string) {
  const view = findCollection(context.directory(), checkCollectionName(name, 'use'))
  const { count, newest } = await context.node.rejections(view.id)
  return {
    count,
    newest: newest.map(({ shard, offset, code, reason, rejectedMs }) => ({
      shard,
      offset,
      code,
      reason,
      rejected_at: new Date(rejectedMs).toISOString()
    }))
  }
}
