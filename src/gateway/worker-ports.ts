/** The ports of a gateway in a worker: each call becomes a message to the main thread. */
import type { TransferListItem } from 'node:worker_threads'
import { shardKeyOf } from '../domain/directory.ts'
import type { NodePort } from '../domain/node-port.ts'
import type {
  ControlPort,
  ReadBarrier,
  RecordOutcome,
  ShardOffset,
  WritePort,
  WriteRequest,
  WriteTicket
} from '../domain/ports.ts'
import { findShard, shardState } from '../engine/index.ts'
import { EngineError } from '../errors/index.ts'
import type { Channel } from './channel.ts'
import type { MainRequests, WorkerRequests } from './protocol.ts'

export type MainChannel = Channel<MainRequests, WorkerRequests>

export interface WorkerPorts {
  readonly writePort: WritePort
  readonly controlPort: ControlPort
  readonly barrier: ReadBarrier
  readonly node: NodePort
}

/** @param waitingMax  `limits.workerRequests`: past it MILLRACE_TOO_MANY_REQUESTS */
export function workerPorts(main: MainChannel, waitingMax: number): WorkerPorts {
  const checkRoom = () => {
    if (main.waiting < waitingMax) return
    throw new EngineError('MILLRACE_TOO_MANY_REQUESTS', {
      waiting: main.waiting,
      limitName: 'limits.workerRequests'
    })
  }
  return {
    writePort: {
      submit(request) {
        checkRoom()
        return submit(main, request)
      }
    },
    controlPort: {
      propose: async (command) => {
        checkRoom()
        return main.ask('propose', command)
      }
    },
    barrier: {
      reach: async (request) => {
        if (isVisible(request)) return undefined
        checkRoom()
        return main.ask('reach', request)
      }
    },
    // Asked by probes and people: answered at any load.
    node: {
      describe: (collectionId) => main.ask('describe', collectionId),
      describeGateways: () => main.ask('describeGateways', undefined),
      readiness: () => main.ask('readiness', undefined),
      actors: () => main.ask('actors', undefined),
      metricsText: () => main.ask('metricsText', undefined),
      requestReports: () => main.ask('requestReports', undefined),
      rebuildShard: (collection, shard) => main.ask('rebuildShard', { collection, shard }),
      describeIngests: () => main.ask('describeIngests', undefined),
      memory: () => main.ask('memory', undefined),
      rejections: (collectionId) => main.ask('rejections', collectionId)
    }
  }
}

function submit(main: MainChannel, given: WriteRequest): WriteTicket {
  const { records, transfers } = withOwnBuffers(given.records)
  const request = { ...given, records }
  if (given.answers === 'durable')
    return { durable: main.ask('append', request, transfers), applied: never }
  if (given.answers === 'applied') {
    const applied = main.ask('apply', request, transfers)
    return { applied, durable: applied.then(offsetsOf) }
  }
  const applied = main.expect<readonly RecordOutcome[]>()
  // A caller that fails before it waits for this one must not leave it unhandled.
  applied.answer.catch(() => {})
  const durable = main.ask('appendAndApply', { request, appliedId: applied.id }, transfers)
  return { durable, applied: applied.answer }
}

function offsetsOf(outcomes: readonly RecordOutcome[]): ShardOffset[] {
  return outcomes.map(({ shard, offset }) => ({ shard, offset }))
}

/** What a write that nobody waits for has in the place of its outcome. */
const never = new Promise<never>(() => {})

/** Below this a copy costs less than giving memory from one thread to the other. */
const copyMax = 16 << 10

/** Frames that lie in memory of their own are given away, others are copied out of what they share with strangers. */
function withOwnBuffers(records: WriteRequest['records']) {
  const framesBytes = new Map<ArrayBufferLike, number>()
  for (const { frame } of records) {
    framesBytes.set(frame.buffer, (framesBytes.get(frame.buffer) ?? 0) + frame.byteLength)
  }
  const transfers: TransferListItem[] = []
  for (const [buffer, bytes] of framesBytes) {
    const isOwn = bytes === buffer.byteLength && buffer instanceof ArrayBuffer
    if (isOwn && bytes > copyMax) transfers.push(buffer)
  }
  return {
    transfers,
    records: records.map(({ shard, frame }) => {
      const isWhole = framesBytes.get(frame.buffer) === frame.buffer.byteLength
      return { shard, frame: isWhole ? frame : new Uint8Array(frame) }
    })
  }
}

/** The shard is in this process: mostly it has what is asked for, and no message is needed. */
function isVisible({
  collectionId,
  generation,
  shard,
  offset
}: Parameters<ReadBarrier['reach']>[0]): boolean {
  const handle = findShard(shardKeyOf(collectionId, generation, shard))
  return handle !== null && shardState(handle).visibleOffset > offset
}
