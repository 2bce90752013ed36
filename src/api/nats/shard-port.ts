import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  headers as createHeaders,
  createInbox,
  type Msg,
  type NatsConnection,
  NatsError
} from 'nats'
import type { ShardPort, ShardRequest } from '../../domain/ports.ts'
import { EngineError } from '../../errors/index.ts'
import { failureHeader, failureIn } from './failure-message.ts'
import { budgetHeader, partHeader, shardSubject } from './shard-subjects.ts'

/** A request that nothing is heard of is sent again after so long, then after twice that: reads may be repeated. */
const resendMs = 2_000
/** Between two tries to reach somebody. */
const retryMs = 50

/** Why a try had no answer; another may have one. */
class Unanswered extends Error {}

interface Waiting {
  readonly parts: (Uint8Array | undefined)[]
  readonly resolve: (answer: Uint8Array) => void
  readonly reject: (cause: unknown) => void
}

/** Asks shards by messages to the nodes that have them: one inbox for all answers, and tries again until the deadline. */
export class NatsShardPort implements ShardPort {
  readonly #prefix: string
  readonly #inbox: string
  readonly #waiting = new Map<string, Waiting>()
  #connection: NatsConnection | undefined
  #idLast = 0

  constructor(prefix: string, inboxPrefix: string) {
    this.#prefix = prefix
    this.#inbox = createInbox(inboxPrefix)
  }

  /** Asks through this connection from now on. */
  attach(connection: NatsConnection): void {
    connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        // Nothing may be thrown into the connection.
        try {
          if (error === null) this.#receive(message)
          else this.disconnected(error.message)
        } catch (cause) {
          this.disconnected(String(cause))
        }
      }
    })
    this.#connection = connection
  }

  /** @param connection  that has ended */
  detach(connection: NatsConnection): void {
    if (this.#connection !== connection) return
    this.#connection = undefined
    this.disconnected('the connection has ended')
  }

  /** What was asked is lost, or its answer is. */
  disconnected(reason = 'the connection was lost'): void {
    const lost = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of lost) reject(new Unanswered(reason))
  }

  async ask(request: ShardRequest): Promise<Uint8Array> {
    // A read of many shards waits in as many places.
    if (request.signal !== undefined) setMaxListeners(0, request.signal)
    let waitMs = resendMs
    let reason = 'no connection'
    for (;;) {
      const leftMs = Number(request.deadlineNs - process.hrtime.bigint()) / 1e6
      if (request.signal?.aborted) throw new EngineError('MILLRACE_CANCELLED')
      if (leftMs <= 0) {
        const { peerId: peer, shard } = request
        throw new EngineError('MILLRACE_NATS_UNANSWERED', { peer, shard, reason })
      }
      try {
        return await this.#try(request, leftMs, Math.min(leftMs, waitMs))
      } catch (cause) {
        if (!(cause instanceof Unanswered)) throw cause
        reason = cause.message
      }
      waitMs *= 2
      await sleep(Math.min(retryMs, leftMs))
    }
  }

  async #try(request: ShardRequest, leftMs: number, waitMs: number): Promise<Uint8Array> {
    const connection = this.#connection
    if (connection === undefined) throw new Unanswered('no connection')
    this.#idLast += 1
    const id = String(this.#idLast)
    let timer: NodeJS.Timeout | undefined
    let onAbort: (() => void) | undefined
    const { signal } = request
    try {
      return await new Promise<Uint8Array>((resolve, reject) => {
        this.#waiting.set(id, { parts: [], resolve, reject })
        timer = setTimeout(reject, waitMs, new Unanswered(`silence for ${Math.ceil(waitMs)} ms`))
        onAbort = () => reject(new EngineError('MILLRACE_CANCELLED'))
        signal?.addEventListener('abort', onAbort, { once: true })
        this.#publish(connection, request, leftMs, `${this.#inbox}.${id}`)
      })
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(id)
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort)
    }
  }

  #publish(connection: NatsConnection, request: ShardRequest, leftMs: number, reply: string): void {
    const { body } = request
    const headers = createHeaders()
    headers.set(budgetHeader, String(Math.ceil(leftMs)))
    try {
      connection.publish(shardSubject(this.#prefix, request), body, { reply, headers })
    } catch (cause) {
      if (cause instanceof NatsError && cause.code === 'MAX_PAYLOAD_EXCEEDED') {
        const limit = connection.info?.max_payload ?? 0
        throw new EngineError('MILLRACE_MESSAGE_TOO_LARGE', { bytes: body.length, limit })
      }
      throw new Unanswered(String(cause))
    }
  }

  #receive(message: Msg): void {
    const id = message.subject.slice(this.#inbox.length + 1)
    const waiting = this.#waiting.get(id)
    // Too late, or twice: its request was asked anew or given up.
    if (waiting === undefined) return
    const { headers, data } = message
    if (headers?.code === 503) waiting.reject(new Unanswered('nobody listens'))
    else if (headers?.has(failureHeader)) waiting.reject(failureIn(data))
    else if (headers?.has(partHeader)) takePart(waiting, headers.get(partHeader), data)
    else waiting.resolve(data)
  }
}

/** @param numbered  as `2/3` */
function takePart({ parts, resolve }: Waiting, numbered: string, data: Uint8Array): void {
  const [part = 1, count = 1] = numbered.split('/').map(Number)
  parts[part - 1] = data
  const taken = parts.flatMap((one) => one ?? [])
  if (taken.length === count) resolve(Buffer.concat(taken))
}
