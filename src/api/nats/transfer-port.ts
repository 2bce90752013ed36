import { type Msg, type NatsConnection, NatsError, RequestStrategy } from 'nats'
import type {
  ShardAddress,
  TransferOffer,
  TransferPort,
  TransferSnapshot
} from '../../domain/transfer.ts'
import { EngineError } from '../../errors/index.ts'
import { failureHeader, failureIn } from './failure-message.ts'
import {
  offerOf,
  packAddress,
  packPartRequest,
  partsHeader,
  snapshotOf,
  type TransferVerb,
  transferSubject
} from './transfer-messages.ts'

/** Offers that come later are of nodes that have too much to do. */
const offersWaitMs = 500
/** A request that nothing is heard of is sent again; what it asks for may be asked for twice. */
const answerWaitMs = 3_000
const tries = 3

/** Asks other nodes for the state of a shard, over the connection that is up when it asks. */
export class NatsTransferPort implements TransferPort {
  readonly #options: {
    readonly prefix: string
    readonly peerId: number
    /** @throws MILLRACE_TRANSFER_FAILED while there is none */
    readonly connection: () => NatsConnection
  }

  constructor(prefix: string, peerId: number, connection: () => NatsConnection) {
    this.#options = { prefix, peerId, connection }
  }

  async offers(shard: ShardAddress, signal: AbortSignal): Promise<readonly TransferOffer[]> {
    const { prefix, peerId, connection } = this.#options
    const subject = transferSubject(prefix, 'all', 'offer')
    const answers = await connection()
      .requestMany(subject, packAddress(shard), {
        maxWait: offersWaitMs,
        strategy: RequestStrategy.Timer
      })
      .catch((cause: unknown) => {
        throw unanswered(0, shard.shard, cause)
      })
    const offers: TransferOffer[] = []
    for await (const { headers, data } of answers) {
      signal.throwIfAborted()
      // Nobody listens: this node itself may not be there yet.
      if (headers?.code === 503 || headers?.has(failureHeader)) continue
      const offer = offerOf(data)
      if (offer.peerId !== peerId) offers.push(offer)
    }
    return offers
  }

  async begin(peerId: number, shard: ShardAddress, signal: AbortSignal): Promise<TransferSnapshot> {
    return snapshotOf((await this.#ask(peerId, 'begin', packAddress(shard), signal)).data)
  }

  async next(
    peerId: number,
    id: string,
    sequence: number,
    signal: AbortSignal
  ): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = []
    for (let part = 0, count = 1; part < count; part++) {
      const request = packPartRequest({ id, sequence, part })
      const { headers, data } = await this.#ask(peerId, 'next', request, signal)
      count = Number(headers?.get(partsHeader) ?? 1)
      parts.push(data)
      if (count === 0) return undefined
    }
    return joined(parts)
  }

  end(peerId: number, id: string): void {
    const { prefix, connection } = this.#options
    try {
      const body = packPartRequest({ id, sequence: 0, part: 0 })
      connection().publish(transferSubject(prefix, peerId, 'end'), body)
    } catch {
      // The other node lets go of what nobody asks for by itself.
    }
  }

  async #ask(
    peerId: number,
    verb: TransferVerb,
    body: Uint8Array,
    signal: AbortSignal
  ): Promise<Msg> {
    const { prefix, connection } = this.#options
    const subject = transferSubject(prefix, peerId, verb)
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted()
      try {
        const answer = await connection().request(subject, body, { timeout: answerWaitMs })
        if (answer.headers?.has(failureHeader)) throw failureIn(answer.data)
        return answer
      } catch (cause) {
        if (!(cause instanceof NatsError)) throw cause
        if (attempt === tries) throw unanswered(peerId, 0, cause)
      }
    }
  }
}

/** In memory of its own, so that it is aligned as frames are. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.byteLength
  }
  return whole
}

function unanswered(peer: number, shard: number, cause: unknown): EngineError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new EngineError('MILLRACE_NATS_UNANSWERED', { peer, shard, reason }, { cause })
}
