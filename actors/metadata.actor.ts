import {
  decodeCommand,
  decodeSnapshot,
  encodeCommand,
  encodeSnapshot,
  isSameMetadata,
  isSnapshot,
  type MetadataLimits,
  type MetadataState,
  reduceMetadata
} from '../src/cluster/index.ts'
import type { ControlCommand, ControlVerdict } from '../src/domain/ports.ts'
import { type Crc32c, type Frame, sealFrame, writerEpochFirst } from '../src/domain/record/index.ts'
import { EngineError, toEngineError } from '../src/errors/index.ts'
import type { Log, LogBatch } from '../streams/index.ts'
import type { ActorReport } from './actor-report.ts'
import { backoffMs, type Clock } from './clock.ts'
import type { ActorLogger } from './logger.ts'
import { framesIn, newestMetadata, readMetadata } from './metadata-replay.ts'

export const metadataTopic = 'millrace.meta'
/** Changes that may wait for their verdict at once. */
export const proposalsMax = 1024
const snapshotEveryCommands = 256

export interface MetadataActor {
  state(): MetadataState
  /** Appends a command and resolves with its verdict once this node's reducer has passed it. */
  propose(command: ControlCommand): Promise<ControlVerdict>
  /** Rejects when the metadata log can no longer be followed. */
  readonly failed: Promise<never>
  report(): ActorReport
  /** Ends every wait for a verdict; nothing is reduced afterwards. */
  stop(): Promise<void>
}

export interface MetadataOptions {
  readonly log: Log
  readonly clock: Clock
  readonly logger: ActorLogger
  readonly crc32c: Crc32c
  readonly producerId: bigint
  readonly limits: MetadataLimits
  /** Commands after which the state is snapshotted into the log; 256 when absent. */
  readonly snapshotEvery?: number | undefined
  readonly onState: (state: MetadataState) => void
}

interface Proposer {
  readonly resolve: (verdict: ControlVerdict) => void
  readonly reject: (error: EngineError) => void
}

/**
 * Replays the metadata log from its newest snapshot to its end, then follows it. A log that cannot be reached is asked
 * again after a growing pause; one that cannot be read stops the node.
 *
 * @param onState  called after each change, in log order; first once the replay has reached the end
 */
export async function startMetadata(options: MetadataOptions): Promise<MetadataActor> {
  const { log, clock, logger, crc32c, snapshotEvery = snapshotEveryCommands } = options
  const place = { log, topic: metadataTopic, crc32c }
  const stopping = new AbortController()
  const verdicts = new Map<bigint, Proposer>()
  const waiting = new Map<bigint, ControlVerdict>()
  let sequence = 0n
  let ended: EngineError | undefined
  let lastError: string | null = null
  let failures = 0
  let lag = 0
  let commandsSinceSnapshot = 0
  let isSnapshotting = false
  let proposals = 0

  await log.createTopic(metadataTopic, { partitions: 1 })
  const { end } = await log.ends(metadataTopic, 0)
  let state: MetadataState = await newestMetadata(place)
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
      try {
        await log.waitForMore(metadataTopic, 0, state.nextOffset, { signal: stopping.signal })
        if (stopping.signal.aborted) return
        const batch = await read()
        if (stopping.signal.aborted) return
        reduceBatch(batch, true)
        failures = 0
      } catch (cause) {
        await waitToReadAgain(toEngineError(cause))
      }
    }
  }

  /** @throws the error when it does not go away by itself */
  function waitToReadAgain(error: EngineError): Promise<void> {
    lastError = error.message
    if (!error.retryable) throw error
    failures += 1
    logger.warn({ err: error, failures }, 'metadata log cannot be read and is tried again')
    return new Promise((resolve) => {
      const end = () => {
        cancel()
        stopping.signal.removeEventListener('abort', end)
        resolve()
      }
      const cancel = clock.after(backoffMs(failures), end)
      if (stopping.signal.aborted) end()
      else stopping.signal.addEventListener('abort', end)
    })
  }

  function read(): Promise<LogBatch> {
    return readMetadata(place, state.nextOffset)
  }

  function reduceBatch(batch: LogBatch, isLive: boolean): void {
    for (const { offset, frame } of framesIn(batch, crc32c)) {
      if (isSnapshot(frame)) passSnapshot(frame, offset)
      else reduce(frame, offset, isLive)
    }
    state = { ...state, nextOffset: batch.nextOffset }
    lag = Number(batch.endOffset - batch.nextOffset)
    if (isLive && commandsSinceSnapshot >= snapshotEvery && lag === 0) appendSnapshot()
  }

  function reduce(frame: Frame, offset: bigint, isLive: boolean): void {
    const { command, limits } = decodeCommand(frame, offset)
    const reduction = reduceMetadata(state, offset, command, limits)
    state = reduction.state
    commandsSinceSnapshot += 1
    if (!isLive) return
    options.onState(state)
    settle(offset, reduction.verdict)
  }

  /** It must say what this reducer says: states are a function of the log, and two that differ are a bug. */
  function passSnapshot(frame: Frame, offset: bigint): void {
    const snapshot = decodeSnapshot(frame, offset)
    if (snapshot === undefined) return
    commandsSinceSnapshot = 0
    if (isSameMetadata(snapshot, state)) return
    lastError = `the metadata snapshot of offset ${offset} is not what this node has reduced`
    logger.error({ offset }, lastError)
  }

  /** Any node may; one that another record overtakes is passed over, and tried again after the next command. */
  function appendSnapshot(): void {
    if (isSnapshotting) return
    isSnapshotting = true
    append(encodeSnapshot(state, crc32c))
      .catch((cause: unknown) => {
        commandsSinceSnapshot = 0
        logger.warn({ err: toEngineError(cause) }, 'metadata snapshot could not be appended')
      })
      .finally(() => {
        isSnapshotting = false
      })
  }

  async function append(frame: Uint8Array): Promise<bigint> {
    sequence += 1n
    const { producerId } = options
    sealFrame(frame, { producerId, sequence, writerEpoch: writerEpochFirst }, crc32c)
    const [offset] = await log.append(metadataTopic, 0, [frame])
    if (offset === undefined)
      throw new EngineError('MILLRACE_INTERNAL', { reason: 'an append gave no offset' })
    return offset
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

  return {
    state: () => state,
    failed,
    async propose(command) {
      if (proposals >= proposalsMax) {
        const details = { waiting: proposals, limitName: 'proposalsMax' }
        throw new EngineError('MILLRACE_TOO_MANY_REQUESTS', details)
      }
      proposals += 1
      try {
        const offset = await append(encodeCommand({ command, limits: options.limits }, crc32c))
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
    report: () => ({
      kind: 'metadata',
      name: metadataTopic,
      state: ended !== undefined ? 'stopped' : failures > 0 ? 'waiting' : 'following',
      offset: state.nextOffset.toString(),
      lagRecords: lag,
      restarts: 0,
      lastError,
      isBusy: lag > 0 || failures > 0,
      isHalted: ended !== undefined && !stopping.signal.aborted
    }),
    async stop() {
      stopping.abort()
      endWaits(new EngineError('MILLRACE_NODE_DRAINING'))
      await following.catch(() => {})
    }
  }
}
