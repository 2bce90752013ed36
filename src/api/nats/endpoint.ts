/** One operation as an endpoint: takes a message, runs the operation, answers. Nothing that it does may throw into the connection. */
import type { Msg } from 'nats'
import { EngineError, toEngineError } from '../../errors/index.ts'
import type { Logger } from '../../observability/index.ts'
import {
  type Operation,
  type OperationScope,
  type RequestsInFlight,
  refusalOf
} from '../operations/index.ts'
import { answerFormat, headerOf, MessageCall } from './message-call.ts'
import { type Publisher, type ReplyTo, sendAnswer, sendFailure, traceHeader } from './reply.ts'

export interface EndpointOptions {
  /** Of the subjects of this service, and of the other nodes. */
  readonly prefix: string
  readonly operation: Operation
  readonly scope: OperationScope
  readonly publisher: Publisher
  readonly inFlight: RequestsInFlight
  readonly limits: { readonly bodyBytes: number; readonly requestsInFlight: number }
  readonly logger: Logger
}

/** The parts of a message that an endpoint reads. */
export type RequestMessage = Pick<Msg, 'subject' | 'headers' | 'data' | 'reply'>

/** What an endpoint has done, from the arrival of each request to its answer. */
export class EndpointCounts {
  requests = 0
  errors = 0
  processingNs = 0n
  lastError: string | undefined
}

export class Endpoint {
  readonly counts = new EndpointCounts()
  readonly #options: EndpointOptions
  /** Requests of this endpoint that are being worked on. */
  #underWay = 0

  constructor(options: EndpointOptions) {
    this.#options = options
  }

  get underWay(): number {
    return this.#underWay
  }

  /** To be called for each message. Resolves when its answer is on its way; never rejects, and never throws. */
  async handle(message: RequestMessage): Promise<void> {
    const startedAt = process.hrtime.bigint()
    const { inFlight } = this.#options
    this.#underWay += 1
    inFlight.add(1)
    let to: ReplyTo = { subject: '', format: 'json', trace: undefined, startedAt }
    try {
      to = { ...to, subject: this.#replySubject(message) }
      to = { ...to, ...replyStyle(message) }
      await this.#answer(message, to)
    } catch (cause) {
      this.#fail(to, toEngineError(cause))
    } finally {
      inFlight.add(-1)
      this.#underWay -= 1
      this.counts.requests += 1
      this.counts.processingNs += process.hrtime.bigint() - startedAt
    }
  }

  async #answer(message: RequestMessage, to: ReplyTo): Promise<void> {
    const { operation, scope, publisher, inFlight, limits } = this.#options
    const refusal = refusalOf(inFlight, limits.requestsInFlight, operation.url)
    if (refusal !== undefined) throw refusal
    const { jsonDepth } = scope.context.limits
    const call = new MessageCall(operation, message, to.startedAt, { ...limits, jsonDepth })
    const answer = await operation.run(scope, call)
    sendAnswer(publisher, to, answer, call.headers)
  }

  /**
   * An answer that was sent to a subject of ours would be a request, with our own permissions: a client could so have done
   * what it may not do.
   */
  #replySubject({ reply = '' }: RequestMessage): string {
    if (!reply.startsWith(`${this.#options.prefix}.`)) return reply
    throw new EngineError('MILLRACE_INPUT_INVALID', {
      reason: 'the reply subject is one of this service'
    })
  }

  #fail(to: ReplyTo, error: EngineError): void {
    const { publisher, logger, operation } = this.#options
    this.counts.errors += 1
    this.counts.lastError = error.message
    const facts = { operation: operation.name, trace: to.trace }
    if (error.kind.http === 500) logger.error({ err: error, ...facts }, 'nats request failed')
    try {
      sendFailure(publisher, to, error)
    } catch (cause) {
      // The connection is gone, and with it whoever waits.
      logger.debug({ err: cause, ...facts }, 'nats answer not sent')
    }
  }
}

function replyStyle({ headers }: RequestMessage): Pick<ReplyTo, 'format' | 'trace'> {
  return { format: answerFormat(headers), trace: headers && headerOf(headers, traceHeader) }
}
