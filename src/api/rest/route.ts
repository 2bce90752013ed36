/** What the routes share: their options, the parts of a request, and how an answer leaves. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServiceContext } from '../../service/index.ts'
import type { QueryParameters } from './query-parameters.ts'

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

export interface RouteOptions {
  readonly context: ServiceContext
  readonly jsonDepth: number
}

export interface CollectionRoute {
  Params: { name: string }
  Querystring: QueryParameters
  Body: Buffer | undefined
}

/** A request without a body. */
export const noBody = Buffer.alloc(0)

/** The envelope of every success. */
export function succeed<Result>(request: FastifyRequest, result: Result) {
  return { result, status: 'ok', time: secondsSince(request.startedAt) }
}

/** A response body that was rendered natively. */
export function sendJson(reply: FastifyReply, body: Buffer) {
  return reply.type('application/json').send(body)
}

export function secondsSince(startedAt: bigint): number {
  return startedAt === 0n ? 0 : Number(process.hrtime.bigint() - startedAt) / 1e9
}
