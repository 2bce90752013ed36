import { headers as createHeaders, type Msg, type MsgHdrs, type NatsConnection } from 'nats'
import { EngineError, toEngineError } from '../../errors/index.ts'
import type { Logger } from '../../observability/index.ts'
import { answerShardRequest, type ServiceContext } from '../../service/index.ts'
import { failureMessage } from './failure-message.ts'
import {
  addressIn,
  budgetHeader,
  partBytesMax,
  partHeader,
  partHeaderBytes,
  peerSubjects
} from './shard-subjects.ts'

/** All threads of a node read the same shards: the one that is given a message answers it. */
const queue = 'threads'

/** Answers what nodes ask of the shards here, on one connection; ends with it. */
export class ShardResponder {
  readonly #connection: NatsConnection
  readonly #context: ServiceContext
  readonly #logger: Logger
  readonly #prefix: string
  #underWay = 0

  constructor(connection: NatsConnection, prefix: string, context: ServiceContext, logger: Logger) {
    this.#connection = connection
    this.#context = context
    this.#logger = logger
    this.#prefix = prefix
    connection.subscribe(peerSubjects(prefix, context.identity.peerId), {
      queue,
      callback: (error, message) => {
        if (error === null) this.#handle(message)
        else logger.error({ err: error }, 'nats refuses the subjects between nodes')
      }
    })
  }

  /** Requests that are being worked on. */
  get underWay(): number {
    return this.#underWay
  }

  /** Never rejects: nothing may be thrown into the connection. */
  async #handle(message: Msg): Promise<void> {
    this.#underWay += 1
    let reply = ''
    try {
      reply = message.reply ?? ''
      // Nobody may make this node send requests.
      if (reply.startsWith(`${this.#prefix}.`)) reply = ''
      this.#send(reply, await this.#answer(message), undefined)
    } catch (cause) {
      this.#fail(reply, toEngineError(cause))
    } finally {
      this.#underWay -= 1
    }
  }

  async #answer(message: Msg): Promise<Uint8Array> {
    const address = addressIn(message.subject)
    if (address === undefined) {
      throw new EngineError('MILLRACE_ARGUMENT_INVALID', { reason: 'the subject names no shard' })
    }
    const budgetMs = Number(message.headers?.get(budgetHeader))
    const waitMs = budgetMs > 0 ? budgetMs : this.#context.limits.requestTimeoutMs
    const deadlineNs = process.hrtime.bigint() + BigInt(Math.ceil(waitMs)) * 1_000_000n
    return answerShardRequest(this.#context, { ...address, body: message.data, deadlineNs })
  }

  #fail(reply: string, error: EngineError): void {
    if (error.code === 'MILLRACE_INTERNAL')
      this.#logger.error({ err: error }, 'shard request failed')
    try {
      const { body, headers } = failureMessage(error)
      this.#send(reply, body, headers)
    } catch (cause) {
      this.#logger.debug({ err: cause }, 'nats answer not sent')
    }
  }

  #send(reply: string, body: Uint8Array, headers: MsgHdrs | undefined): void {
    if (reply === '') return
    const payloadMax = this.#connection.info?.max_payload ?? partBytesMax
    const partBytes = Math.max(1, Math.min(partBytesMax, payloadMax - partHeaderBytes))
    const parts = Math.ceil(body.length / partBytes)
    if (parts <= 1) {
      this.#connection.publish(reply, body, headers === undefined ? {} : { headers })
      return
    }
    for (let part = 0; part < parts; part++) {
      const numbered = createHeaders()
      numbered.set(partHeader, `${part + 1}/${parts}`)
      const bytes = body.subarray(part * partBytes, (part + 1) * partBytes)
      this.#connection.publish(reply, bytes, { headers: numbered })
    }
  }
}
