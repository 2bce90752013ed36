import {
  decodeCommand,
  emptyMetadata,
  encodeCommand,
  type MetadataLimits,
  type MetadataState,
  reduceMetadata
} from '../src/cluster/index.ts'
import type { ControlCommand, ControlVerdict } from '../src/domain/ports.ts'
import {
  type Crc32c,
  decodeFrame,
  sealFrame,
  writerEpochFirst
} from '../src/domain/record/index.ts'
import { EngineError, toEngineError } from '../src/errors/index.ts'
import type { Log, LogBatch } from '../streams/index.ts'

export const metadataTopic = 'millrace.meta'
const readBytesMax = 1 << 20

export interface MetadataActor {
  state(): MetadataState
  /** Appends a command and resolves with its verdict once this node's reducer has passed it. */
  propose(command: ControlCommand): Promise<ControlVerdict>
  /** Rejects when the metadata log can no longer be followed. */
  readonly failed: Promise<never>
  /** Ends every wait for a verdict; nothing is reduced afterwards. */
  stop(): Promise<void>
}

interface Proposer {
  readonly resolve: (verdict: ControlVerdict) => void
  readonly reject: (error: EngineError) => void
}

/**
 * Replays the metadata log to its end, then follows it.
 *
 * @param onState  called after each change, in log order; first once the replay has reached the end
 */
export async function startMetadata(options: {
  readonly log: Log
  readonly crc32c: Crc32c
  readonly producerId: bigint
  readonly limits: MetadataLimits
  readonly onState: (state: MetadataState) => void
}): Promise<MetadataActor> {
  const { log, crc32c } = options
  const stopping = new AbortController()
  const verdicts = new Map<bigint, Proposer>()
  const waiting = new Map<bigint, ControlVerdict>()
  let state = emptyMetadata
  let sequence = 0n
  let ended: EngineError | undefined

  await log.createTopic(metadataTopic, { partitions: 1 })
  const { end } = await log.ends(metadataTopic, 0)
  while (state.nextOffset < end) reduceBatch(await read(), false)
  options.onState(state)

  const following = follow().catch((cause: unknown) => {
    endWaits(toEngineError(cause))
    throw cause
  })
  const failed = following.then(() => new Promise<never>(() => {}))
  failed.catch(() => {})

  async function follow(): Promise<void> {
    while (!stopping.signal.aborted) {
      await log.waitForMore(metadataTopic, 0, state.nextOffset, { signal: stopping.signal })
      if (stopping.signal.aborted) return
      const batch = await read()
      if (stopping.signal.aborted) return
      reduceBatch(batch, true)
    }
  }

  function read(): Promise<LogBatch> {
    return log.read(metadataTopic, 0, state.nextOffset, { maxBytes: readBytesMax })
  }

  function reduceBatch(batch: LogBatch, isLive: boolean): void {
    for (let index = 0; index < batch.count; index++) {
      const offset = batch.offsets[index] ?? 0n
      const start = batch.positions[index] ?? 0
      const bytes = batch.bytes.subarray(start, start + (batch.lengths[index] ?? 0))
      const { command, limits } = decodeCommand(decodeFrame(bytes, crc32c, offset), offset)
      const reduction = reduceMetadata(state, offset, command, limits)
      state = reduction.state
      if (!isLive) continue
      options.onState(state)
      settle(offset, reduction.verdict)
    }
    state = { ...state, nextOffset: batch.nextOffset }
  }

  /** The append may resolve before or after the reducer passes its offset: whoever comes second settles. */
  function settle(offset: bigint, verdict: ControlVerdict): void {
    const proposer = verdicts.get(offset)
    verdicts.delete(offset)
    if (proposer !== undefined) proposer.resolve(verdict)
    else if (proposals > 0) waiting.set(offset, verdict)
  }

  /** No verdict comes any more: those who wait for one are told why. */
  function endWaits(error: EngineError): void {
    ended ??= error
    for (const { reject } of verdicts.values()) reject(ended)
    verdicts.clear()
  }

  let proposals = 0

  return {
    state: () => state,
    failed,
    async propose(command) {
      proposals += 1
      try {
        sequence += 1n
        const frame = encodeCommand({ command, limits: options.limits }, crc32c)
        sealFrame(
          frame,
          { producerId: options.producerId, sequence, writerEpoch: writerEpochFirst },
          crc32c
        )
        const [offset] = await log.append(metadataTopic, 0, [frame])
        if (offset === undefined)
          throw new EngineError('MILLRACE_INTERNAL', { reason: 'an append gave no offset' })
        const early = waiting.get(offset)
        waiting.delete(offset)
        if (early !== undefined) return early
        if (ended !== undefined) throw ended
        return await new Promise<ControlVerdict>((resolve, reject) =>
          verdicts.set(offset, { resolve, reject })
        )
      } catch (cause) {
        throw toEngineError(cause)
      } finally {
        proposals -= 1
        if (proposals === 0) waiting.clear()
      }
    },
    async stop() {
      stopping.abort()
      endWaits(new EngineError('MILLRACE_NODE_DRAINING'))
      await following.catch(() => {})
    }
  }
}
