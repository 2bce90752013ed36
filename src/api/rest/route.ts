/** Makes a route of each operation: how a request comes in, and how its answer leaves. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  type Answer,
  type Call,
  envelope,
  type OperationScope,
  operations,
  type QueryParameters
} from '../operations/index.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** `process.hrtime.bigint()` at arrival. */
    startedAt: bigint
    /** Whether its work is over; the answer may still be on its way. */
    isAnswered: boolean
    /** Whether it is one of the requests in flight. */
    isCounted: boolean
  }
}

export async function operationRoutes(server: FastifyInstance, scope: OperationScope) {
  for (const { method, url, tags, summary, body, run } of operations) {
    server.route({
      method,
      url,
      schema: { tags, summary, ...(body && { body }) },
      handler: async (request, reply) =>
        send(request, reply, await run(scope, new RestCall(request, reply)))
    })
  }
}

/** A request without a body. */
const noBody = Buffer.alloc(0)

/** The parts of a request, taken out of it when they are asked for. */
export class RestCall implements Call {
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  #signal: AbortSignal | undefined

  constructor(request: FastifyRequest, reply: FastifyReply) {
    this.#request = request
    this.#reply = reply
  }

  path(name: string): string {
    // Each operation asks for the parameters of its own route.
    return (this.#request.params as Readonly<Record<string, string>>)[name] ?? ''
  }

  get query(): QueryParameters {
    return this.#request.query as QueryParameters
  }

  get body(): Buffer {
    // The one content type parser reads bytes.
    return (this.#request.body as Buffer | undefined) ?? noBody
  }

  get startedAt(): bigint {
    return this.#request.startedAt
  }

  get budgetMs(): undefined {
    return undefined
  }

  /** Most reads are over before anyone asks for this. */
  get signal(): AbortSignal {
    this.#signal ??= abortedWhenGone(this.#reply)
    return this.#signal
  }

  setHeader(name: string, value: string): void {
    this.#reply.header(name, value)
  }
}

function abortedWhenGone({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController()
  if (raw.destroyed) controller.abort()
  // After an answer was sent nobody listens any more.
  else raw.once('close', () => controller.abort())
  return controller.signal
}

function send(request: FastifyRequest, reply: FastifyReply, answer: Answer) {
  switch (answer.kind) {
    case 'rendered':
      return reply.type('application/json').send(answer.body)
    case 'result':
      return envelope(answer.result, request.startedAt)
    case 'document':
      return answer.document
    case 'page':
      return reply.code(answer.status).type(answer.type).send(answer.text)
  }
}
