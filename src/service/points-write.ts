import { type CollectionView, findCollection, requireServing } from '../domain/directory.ts'
import { checkCollectionName } from '../domain/names.ts'
import type { PointId } from '../domain/point-id.ts'
import type { RecordOutcome, ShardOffset, WriteRecord } from '../domain/ports.ts'
import { encodeFrame, idsSection, recordKinds } from '../domain/record/index.ts'
import { deletePointsSchema, parseRequest } from '../domain/schemas/index.ts'
import { encodeToken } from '../domain/token.ts'
import { bucketOf, crc32c, parsePointIds, parseUpsert } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceContext, WriteOptions } from './context.ts'
import { encodeTargetOf } from './encode-target.ts'
import { explainUpsert } from './explain-upsert.ts'
import { readPointId } from './point-ids.ts'

export interface UpdateResult {
  readonly operation_id?: number
  readonly status: 'acknowledged' | 'completed' | 'wait_timeout'
}

export interface WriteAnswer {
  readonly result: UpdateResult
  /** Undefined when nothing had to be written. */
  readonly token: string | undefined
}

/** Ids of one delete record: 16 bytes each keep it near 512 KiB. */
const idsPerRecord = 32_768

/**
 * Inserts or replaces whole points. The body is parsed natively into records; only a body that is refused
 * there is read again, to say what is wrong with it.
 */
export async function upsertPoints(
  context: ServiceContext,
  name: string,
  body: Buffer,
  options: WriteOptions
): Promise<WriteAnswer> {
  const view = writableCollection(context, name)
  const { limits } = context
  const parsed = parseUpsert(body, encodeTargetOf(view, limits))
  if (parsed.verdict === 'irregular') throw explainUpsert(body, view, limits)
  if (parsed.verdict === 'tooLarge') {
    throw new EngineError('MILLRACE_RECORD_TOO_LARGE', {
      bytes: parsed.recordBytes,
      limit: limits.recordBytes
    })
  }
  return write(context, view, parsed.records, options)
}

/** Deletes points by id; unknown ids are no error. */
export async function deletePoints(
  context: ServiceContext,
  name: string,
  body: unknown,
  options: WriteOptions
): Promise<WriteAnswer> {
  const view = writableCollection(context, name)
  const request = parseRequest(deletePointsSchema, body)
  if (request.filter) {
    throw new EngineError('MILLRACE_OPTION_UNSUPPORTED', {
      option: 'deleting by `filter`',
      remedy: 'name the points in `points`'
    })
  }
  if (!request.points) {
    throw new EngineError('MILLRACE_BODY_MALFORMED', {
      reason: 'missing field `points`'
    })
  }
  return write(context, view, deleteRecords(view, request.points.map(readPointId)), options)
}

function writableCollection(context: ServiceContext, name: string): CollectionView {
  return requireServing(findCollection(context.directory(), checkCollectionName(name, 'use')))
}

function deleteRecords(view: CollectionView, ids: readonly PointId[]): WriteRecord[] {
  const hashed = parsePointIds(ids.map(String))
  const byShard = new Map<number, PointId[]>()
  ids.forEach((id, index) => {
    const shard = view.shardOfBucket[bucketOf(hashed, index)] ?? 0
    const list = byShard.get(shard)
    if (list === undefined) byShard.set(shard, [id])
    else list.push(id)
  })
  return [...byShard].flatMap(([shard, list]) =>
    chunksOf(list, idsPerRecord).map((chunk) => ({ shard, frame: deleteFrame(view, chunk) }))
  )
}

function deleteFrame(view: CollectionView, ids: readonly PointId[]): Uint8Array {
  return encodeFrame(
    {
      kind: recordKinds.deletePoints,
      collectionId: view.id,
      schemaVersion: view.schemaVersion,
      count: ids.length,
      sections: [idsSection(ids)]
    },
    crc32c
  )
}

async function write(
  context: ServiceContext,
  view: CollectionView,
  records: readonly WriteRecord[],
  { wait, timeoutMs }: WriteOptions
): Promise<WriteAnswer> {
  if (records.length === 0) {
    return { result: { status: wait ? 'completed' : 'acknowledged' }, token: undefined }
  }
  const { id: collectionId, generation } = view
  // Only a wait that may end early must know of the durable write before it is applied.
  const answers = !wait ? 'durable' : timeoutMs === undefined ? 'applied' : 'each'
  const ticket = context.writePort.submit({ collectionId, generation, records, answers })
  const offsets = await ticket.durable
  const outcomes = wait ? await within(ticket.applied, timeoutMs) : undefined
  if (outcomes !== undefined) throwFirstRejection(outcomes)
  const status = !wait ? 'acknowledged' : outcomes === undefined ? 'wait_timeout' : 'completed'
  return {
    result: { operation_id: Number(highestOf(offsets)), status },
    token: encodeToken({ collectionId, generation, offsets })
  }
}

/** @returns undefined when the time passed first */
async function within<Value>(
  promise: Promise<Value>,
  timeoutMs: number | undefined
): Promise<Value | undefined> {
  if (timeoutMs === undefined) return promise
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, undefined)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/** The error of the lowest failing shard is reported. */
function throwFirstRejection(outcomes: readonly RecordOutcome[]): void {
  const rejected = outcomes
    .filter(({ rejection }) => rejection !== undefined)
    .sort((a, b) => a.shard - b.shard || Number(a.offset - b.offset))[0]?.rejection
  if (rejected !== undefined) throw new EngineError(rejected.code, rejected.details)
}

function highestOf(offsets: readonly ShardOffset[]): bigint {
  let highest = 0n
  for (const { offset } of offsets) if (offset > highest) highest = offset
  return highest
}

function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size)
  )
}
