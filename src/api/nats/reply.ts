/** How answers and failures leave as messages. */
import { headers as createHeaders, type MsgHdrs, NatsError, type Payload } from 'nats'
import { EngineError } from '../../errors/index.ts'
import { type Answer, envelope, failureBody } from '../operations/index.ts'
import type { BodyFormat } from './message-call.ts'
import { messagePackOfJson } from './message-pack.ts'

/** What a reply needs of its message, read while the message is at hand. */
export interface ReplyTo {
  readonly subject: string
  readonly format: BodyFormat
  /** Sent back as it came, so that both sides of a trace find each other. */
  readonly trace: string | undefined
  readonly startedAt: bigint
}

export interface Publisher {
  publish(subject: string, payload: Payload, options?: { readonly headers?: MsgHdrs }): void
  /** Of the server that is connected. */
  readonly info?: { readonly max_payload: number } | undefined
}

export const traceHeader = 'traceparent'
const messagePackType = 'application/msgpack'

/**
 * @param own  headers that the operation has set
 * @throws     MILLRACE_MESSAGE_TOO_LARGE; whatever the connection throws when it is closed
 */
export function sendAnswer(
  publisher: Publisher,
  to: ReplyTo,
  answer: Answer,
  own: ReadonlyMap<string, string> | undefined
): void {
  if (to.subject === '') return
  const headers = headersFor(to, own)
  const body =
    answer.kind === 'page' ? pageOf(answer, headers) : encoded(jsonOf(answer, to), to, headers)
  publish(publisher, to.subject, body, headers)
}

function pageOf({ status, type, text }: Extract<Answer, { kind: 'page' }>, headers: MsgHdrs) {
  headers.set('content-type', type)
  if (status >= 400) {
    headers.set('Nats-Service-Error-Code', String(status))
    headers.set('Nats-Service-Error', text)
  }
  return Buffer.from(text)
}

/** The code is the error's HTTP status, its text the error's code, the body what REST would answer. */
export function sendFailure(publisher: Publisher, to: ReplyTo, error: EngineError): void {
  if (to.subject === '') return
  const headers = headersFor(to, undefined)
  headers.set('Nats-Service-Error-Code', String(error.kind.http))
  headers.set('Nats-Service-Error', error.code)
  headers.set('x-millrace-retryable', String(error.retryable))
  if (error.kind.http === 429) headers.set('retry-after', '1')
  const body = Buffer.from(JSON.stringify(failureBody(error, to.startedAt)))
  publish(publisher, to.subject, encoded(body, to, headers), headers)
}

function jsonOf(answer: Exclude<Answer, { kind: 'page' }>, { startedAt }: ReplyTo): Buffer {
  if (answer.kind === 'rendered') return answer.body
  const document = answer.kind === 'result' ? envelope(answer.result, startedAt) : answer.document
  return Buffer.from(JSON.stringify(document))
}

function headersFor(to: ReplyTo, own: ReadonlyMap<string, string> | undefined): MsgHdrs {
  const headers = createHeaders()
  for (const [name, value] of own ?? []) headers.set(name, value)
  if (to.trace !== undefined) headers.set(traceHeader, to.trace)
  return headers
}

/** JSON is what an answer without a content type is. */
function encoded(json: Buffer, { format }: ReplyTo, headers: MsgHdrs): Uint8Array {
  if (format === 'json') return json
  headers.set('content-type', messagePackType)
  return messagePackOfJson(json)
}

function publish(publisher: Publisher, subject: string, body: Uint8Array, headers: MsgHdrs): void {
  const hasHeaders = headers.keys().length > 0
  try {
    publisher.publish(subject, body, hasHeaders ? { headers } : {})
  } catch (cause) {
    if (!(cause instanceof NatsError) || cause.code !== 'MAX_PAYLOAD_EXCEEDED') throw cause
    const limit = publisher.info?.max_payload ?? 0
    throw new EngineError('MILLRACE_MESSAGE_TOO_LARGE', { bytes: body.length, limit }, { cause })
  }
}
