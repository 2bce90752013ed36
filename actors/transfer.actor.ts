import { createActor } from 'xstate'
import { type TransferContext, transferMachine } from '../machines/index.ts'
import type { ShardAddress, TransferPort, TransferSnapshot } from '../src/domain/transfer.ts'
import { EngineError, toEngineError } from '../src/errors/index.ts'
import type { ActorReport } from './actor-report.ts'
import { backoffMs, type Clock } from './clock.ts'
import { effects } from './effects.ts'
import type { ActorLogger } from './logger.ts'
import { mailboxOf } from './mailbox.ts'
import type { Segment } from './segment.actor.ts'
import type { Segments } from './segments.ts'
import { stateText } from './state-text.ts'

const attemptsMax = 5
const retryFirstMs = 500

export interface Transfer {
  /** The whole state, ready to be swapped in; rejects with MILLRACE_TRANSFER_FAILED. */
  readonly received: Promise<Segment>
  /** The replica has replayed the log from the received state on. */
  caughtUp(): void
  /** Whether nothing of it goes on. */
  isOver(): boolean
  report(): ActorReport
  abort(reason: string): Promise<void>
}

export interface TransferOptions {
  /** `topic/shard` */
  readonly name: string
  readonly address: ShardAddress
  readonly port: TransferPort
  readonly segments: Segments
  readonly clock: Clock
  readonly logger: ActorLogger
}

/** Takes the state of a shard from another node that has it whole. */
export function startTransfer(options: TransferOptions): Transfer {
  const { name, address, port, segments, clock, logger } = options
  const { shard } = address
  /** Nodes that failed are asked again only when no other has the shard. */
  const avoided = new Set<number>()
  let aborting = new AbortController()
  let peerId = 0
  let snapshot: TransferSnapshot | undefined
  let segment: Segment | undefined
  let working: Promise<void> = Promise.resolve()
  let cancelRetry = () => {}
  let succeed: (received: Segment) => void = () => {}
  let fail: (error: EngineError) => void = () => {}
  const received = new Promise<Segment>((resolve, reject) => {
    succeed = resolve
    fail = reject
  })
  received.catch(() => {})

  const work = (effect: (signal: AbortSignal) => Promise<void>) => {
    const { signal } = aborting
    working = effect(signal).catch((cause: unknown) => {
      if (signal.aborted) return
      const { message: reason } = toEngineError(cause)
      logger.warn({ reason, peer: peerId }, 'a transfer failed')
      send({ type: 'effect.failed', reason })
    })
  }

  const machine = createActor(
    transferMachine.provide({
      actions: effects({
        askPeers: () => work(askPeers),
        takeSnapshot: () => work(takeSnapshot),
        receiveState: () => work(receiveState),
        handOver: () => {
          if (segment !== undefined) succeed(segment)
        },
        discardState: ({ context }: { context: TransferContext }) => {
          aborting.abort()
          aborting = new AbortController()
          if (peerId !== 0) avoided.add(peerId)
          letGo()
          const given = segment
          segment = undefined
          const { lastError = 'unknown' } = context
          // A load that is under way still writes into it.
          working = working.finally(() => given && segments.discard(given, lastError))
        },
        scheduleRetry: ({ context }: { context: TransferContext }) => {
          const delayMs = backoffMs(context.attempts, retryFirstMs)
          cancelRetry = clock.after(delayMs, () => send({ type: 'retry.due' }))
        },
        cancelRetry: () => cancelRetry(),
        reportAborted: ({ context }: { context: TransferContext }) => {
          const { lastError: reason = 'unknown' } = context
          fail(new EngineError('MILLRACE_TRANSFER_FAILED', { shard, reason }))
        }
      })
    }),
    { input: { shard, attemptsMax } }
  )
  const send = mailboxOf(machine, {
    actor: `transfer ${name}`,
    onBroken: ({ message: reason }) =>
      fail(new EngineError('MILLRACE_TRANSFER_FAILED', { shard, reason }))
  })

  async function askPeers(signal: AbortSignal): Promise<void> {
    const offers = await port.offers(address, signal)
    signal.throwIfAborted()
    if (offers.every((offer) => avoided.has(offer.peerId))) avoided.clear()
    const [best] = offers
      .filter((offer) => !avoided.has(offer.peerId))
      .sort((a, b) => (a.nextOffset < b.nextOffset ? 1 : -1))
    if (best === undefined) throw new Error('no other node has the shard whole')
    peerId = best.peerId
    send({ type: 'peer.chosen', peer: String(peerId) })
  }

  async function takeSnapshot(signal: AbortSignal): Promise<void> {
    snapshot = await port.begin(peerId, address, signal)
    const { nextOffset, points } = snapshot
    if (signal.aborted) return letGo()
    logger.info({ peer: peerId, nextOffset, points }, 'a state is being received from another node')
    send({ type: 'snapshot.taken', nextOffset: nextOffset.toString(), points })
  }

  async function receiveState(signal: AbortSignal): Promise<void> {
    if (snapshot === undefined) throw new Error('there is no snapshot')
    const { id, nextOffset } = snapshot
    const built = segments.build('transfer')
    segment = built
    let asked = port.next(peerId, id, 0, signal)
    for (let sequence = 1; ; sequence++) {
      const chunk = await asked
      signal.throwIfAborted()
      if (chunk === undefined) break
      asked = port.next(peerId, id, sequence, signal)
      // It is awaited after the load, which may fail first.
      asked.catch(() => {})
      await built.engine.loadCheckpoint(chunk)
      send({ type: 'chunk.received', bytes: chunk.byteLength })
    }
    await built.engine.finishLoad()
    signal.throwIfAborted()
    if (built.engine.state().nextOffset !== nextOffset) {
      throw new Error(
        `the state is of offset ${built.engine.state().nextOffset}, not ${nextOffset}`
      )
    }
    segments.complete(built)
    letGo()
    send({ type: 'state.loaded' })
  }

  function letGo(): void {
    if (snapshot !== undefined) port.end(peerId, snapshot.id)
    snapshot = undefined
  }

  machine.start()

  return {
    received,
    caughtUp: () => send({ type: 'replica.caughtUp' }),
    isOver: () => machine.getSnapshot().status !== 'active',
    report() {
      const { value, context, status } = machine.getSnapshot()
      const { nextOffset, bytes, lastError } = context
      return {
        kind: 'transfer',
        name,
        state: stateText(value),
        ...(nextOffset !== undefined && { offset: nextOffset }),
        progress: String(bytes),
        lastError: lastError ?? null,
        isBusy: status === 'active',
        isHalted: false
      }
    },
    async abort(reason) {
      send({ type: 'transfer.abort', reason })
      // Its effects run after the transition.
      await new Promise<void>((resolve) => queueMicrotask(resolve))
      await working
    }
  }
}
