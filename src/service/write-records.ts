/** Hands records to the log and says what became of them. */
import type { CollectionView } from '../domain/directory.ts'
import { defersPoints } from '../domain/optimizer-settings.ts'
import type { RecordOutcome, ShardOffset, WriteRecord } from '../domain/ports.ts'
import { encodeToken } from '../domain/token.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceContext, WriteOptions } from './context.ts'

export interface UpdateResult {
  readonly operation_id?: number
  readonly status: 'acknowledged' | 'completed' | 'wait_timeout'
}

export interface WriteAnswer<Result = UpdateResult> {
  readonly result: Result
  /** Undefined when nothing had to be written. */
  readonly token: string | undefined
}

/** @throws the rejection of the lowest failing shard, with `wait` */
export async function writeRecords(
  context: ServiceContext,
  view: CollectionView,
  records: readonly WriteRecord[],
  { wait, timeoutMs }: WriteOptions
): Promise<WriteAnswer> {
  if (records.length === 0) {
    return { result: { status: wait ? 'completed' : 'acknowledged' }, token: undefined }
  }
  const { id: collectionId, generation } = view
  const startedMs = performance.now()
  // Only a wait that may end early must know of the durable write before it is applied.
  const answers = !wait ? 'durable' : timeoutMs === undefined ? 'applied' : 'each'
  const ticket = context.writePort.submit({ collectionId, generation, records, answers })
  const offsets = await ticket.durable
  const outcomes = wait ? await within(ticket.applied, timeoutMs) : undefined
  if (outcomes !== undefined) throwFirstRejection(outcomes)
  const isDone =
    outcomes !== undefined && (await areVisible(context, view, outcomes, startedMs, timeoutMs))
  const status = !wait ? 'acknowledged' : isDone ? 'completed' : 'wait_timeout'
  return {
    result: { operation_id: Number(highestOf(offsets)), status },
    token: encodeToken({ collectionId, generation, offsets })
  }
}

/** Points of some collections are shown only when a graph leads to them. @returns false when the time passed first */
async function areVisible(
  context: ServiceContext,
  view: CollectionView,
  outcomes: readonly RecordOutcome[],
  startedMs: number,
  timeoutMs = context.limits.requestTimeoutMs
): Promise<boolean> {
  if (!defersPoints(view.spec)) return true
  const { id: collectionId, generation } = view
  const leftMs = Math.max(0, timeoutMs - (performance.now() - startedMs))
  const missing = await Promise.all(
    outcomes.map(({ shard, offset }) =>
      context.barrier.reach({ collectionId, generation, shard, offset, timeoutMs: leftMs })
    )
  )
  return missing.every((lag) => lag === undefined)
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
  if (rejected === undefined) return
  const { code, details } = rejected
  // Of a point that a write names, clients know another text than of one that they ask for.
  throw new EngineError(
    code === 'MILLRACE_POINT_NOT_FOUND' ? 'MILLRACE_POINT_MISSING' : code,
    details
  )
}

function highestOf(offsets: readonly ShardOffset[]): bigint {
  let highest = 0n
  for (const { offset } of offsets) if (offset > highest) highest = offset
  return highest
}
