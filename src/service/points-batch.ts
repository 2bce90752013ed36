/** `points/batch`: several operations in one record for each shard, applied in order up to the first that fails there. */
import type { WriteRecord } from '../domain/ports.ts'
import { encodeFrame, operationsSection, recordKinds } from '../domain/record/index.ts'
import { type OperationName, operationNames } from '../domain/schemas/index.ts'
import { crc32c, jsonItems, jsonMembers } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceContext, WriteOptions } from './context.ts'
import { checkJsonBody } from './json.ts'
import { withNewestSchema } from './newest-schema.ts'
import type { OperationScope } from './operation-scope.ts'
import { checkRecordBytes } from './point-records.ts'
import { pointOperations } from './points-operations.ts'
import { servingCollection } from './serving-collection.ts'
import { type UpdateResult, type WriteAnswer, writeRecords } from './write-records.ts'

/**
 * All operations are checked before any is written.
 *
 * @returns one result for each operation, in their order
 */
export async function writePointsBatch(
  context: ServiceContext,
  name: string,
  body: Buffer,
  options: WriteOptions
): Promise<WriteAnswer<UpdateResult[]>> {
  return withNewestSchema(context, options, () => writeBatch(context, name, body, options))
}

async function writeBatch(
  context: ServiceContext,
  name: string,
  body: Buffer,
  options: WriteOptions
): Promise<WriteAnswer<UpdateResult[]>> {
  const view = await servingCollection(context, name, options.timeoutMs)
  const scope = { view, limits: context.limits }
  checkJsonBody(body, scope.limits.jsonDepth)
  const operations = readOperations(scope, body)
  const records = operations.map(({ operation, text }, index) =>
    pointOperations[operation](scope, text, `operations[${index}].${operation}.`)
  )
  const { result, token } = await writeRecords(context, view, gather(scope, records), options)
  return { result: operations.map(() => result), token }
}

interface NamedOperation {
  readonly operation: OperationName
  readonly text: Buffer
}

function readOperations({ limits }: OperationScope, body: Buffer): NamedOperation[] {
  const list = jsonMembers(body, limits.jsonDepth)?.get('operations')
  const items = list && jsonItems(list, limits.jsonDepth)
  if (items === undefined) throw malformed('missing field `operations`')
  return items.map((item, index) => {
    const members = jsonMembers(item, limits.jsonDepth)
    const operation = operationNames.find((name) => members?.has(name))
    const text = operation && members?.get(operation)
    if (operation === undefined || text === undefined) {
      throw malformed(
        `operations[${index}]: expected an object with one of the keys ${operationNames.join(', ')}`
      )
    }
    return { operation, text }
  })
}

/** One record for each shard, with all its operations. */
function gather(scope: OperationScope, operations: readonly WriteRecord[][]): WriteRecord[] {
  const frames = new Map<number, Uint8Array[]>()
  for (const { shard, frame } of operations.flat()) {
    const list = frames.get(shard)
    if (list === undefined) frames.set(shard, [frame])
    else list.push(frame)
  }
  return [...frames].map(([shard, list]) => ({ shard, frame: batchFrame(scope, list) }))
}

function batchFrame({ view, limits }: OperationScope, frames: readonly Uint8Array[]): Uint8Array {
  const frame = encodeFrame(
    {
      kind: recordKinds.batch,
      collectionId: view.id,
      schemaVersion: view.schemaVersion,
      count: frames.length,
      sections: [operationsSection(frames)]
    },
    crc32c
  )
  checkRecordBytes(frame, limits.recordBytes)
  return frame
}

function malformed(reason: string): EngineError {
  return new EngineError('MILLRACE_BODY_MALFORMED', { reason })
}
