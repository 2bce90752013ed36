import { headers as createHeaders, type Msg, type MsgHdrs, type NatsConnection } from 'nats'
import type { TransferSource } from '../../domain/transfer.ts'
import { toEngineError } from '../../errors/index.ts'
import type { Logger } from '../../observability/index.ts'
import { failureMessage } from './failure-message.ts'
import { partBytesMax, partHeaderBytes } from './shard-subjects.ts'
import {
  addressOf,
  packOffer,
  packSnapshot,
  partRequestOf,
  partsHeader,
  type TransferVerb,
  transferSubject
} from './transfer-messages.ts'

interface Answer {
  readonly body: Uint8Array
  readonly headers?: MsgHdrs
}

export interface ResponderOptions {
  readonly connection: NatsConnection
  readonly prefix: string
  readonly peerId: number
  readonly source: TransferSource
  readonly logger: Logger
}

/** Gives states of this node's shards to others, on one connection; ends with it. */
export function answerTransfers(options: ResponderOptions): void {
  const { connection, prefix, peerId, source, logger } = options

  const listen = (subject: string, answer: (body: Uint8Array) => Promise<Answer | undefined>) => {
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) respond(message, answer)
        else logger.error({ err: error }, 'nats refuses the subjects of transfers')
      }
    })
  }

  /** Never rejects: nothing may be thrown into the connection. */
  async function respond(
    message: Msg,
    answer: (body: Uint8Array) => Promise<Answer | undefined>
  ): Promise<void> {
    // Nobody may make this node send requests.
    const reply = message.reply?.startsWith(`${prefix}.`) ? undefined : message.reply
    let given: Answer | undefined
    try {
      given = await answer(message.data)
    } catch (cause) {
      given = failureMessage(toEngineError(cause))
    }
    if (reply === undefined || given === undefined) return
    try {
      const { body, headers } = given
      connection.publish(reply, body, headers === undefined ? {} : { headers })
    } catch (cause) {
      logger.debug({ err: cause }, 'nats answer not sent')
    }
  }

  async function partOf(body: Uint8Array): Promise<Answer> {
    const { id, sequence, part } = partRequestOf(body)
    const chunk = await source.next(id, sequence)
    const headers = createHeaders()
    if (chunk === undefined) {
      headers.set(partsHeader, '0')
      return { body: new Uint8Array(0), headers }
    }
    const payloadMax = connection.info?.max_payload ?? partBytesMax
    const partBytes = Math.max(1, Math.min(partBytesMax, payloadMax - partHeaderBytes))
    headers.set(partsHeader, String(Math.ceil(chunk.byteLength / partBytes)))
    return { body: chunk.subarray(part * partBytes, (part + 1) * partBytes), headers }
  }

  const own = (verb: TransferVerb) => transferSubject(prefix, peerId, verb)
  listen(transferSubject(prefix, 'all', 'offer'), async (body) => {
    const offer = source.offer(addressOf(body))
    return offer && { body: packOffer({ peerId, ...offer }) }
  })
  listen(own('begin'), async (body) => ({
    body: packSnapshot(await source.begin(addressOf(body)))
  }))
  listen(own('next'), partOf)
  listen(own('end'), async (body) => {
    source.end(partRequestOf(body).id)
    return undefined
  })
}
