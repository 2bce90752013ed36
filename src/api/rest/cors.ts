import type { FastifyInstance } from 'fastify'
import { lagHeader, tokenHeader } from '../../domain/token.ts'

/** How long a browser may remember a preflight. */
const preflightSecondsMax = 3600

/** Lets web pages of any origin send any request and read our headers. */
export function allowAnyOrigin(server: FastifyInstance): void {
  server.addHook('onRequest', (request, reply, done) => {
    const { origin, 'access-control-request-method': method } = request.headers
    if (origin === undefined) return done()
    reply.header('access-control-allow-origin', '*')
    if (request.method !== 'OPTIONS' || method === undefined) {
      reply.header('access-control-expose-headers', `${tokenHeader}, ${lagHeader}`)
      return done()
    }
    const headers = request.headers['access-control-request-headers']
    reply
      .headers({
        'access-control-allow-methods': method,
        ...(headers !== undefined && { 'access-control-allow-headers': headers }),
        'access-control-max-age': String(preflightSecondsMax),
        vary: 'access-control-request-method, access-control-request-headers'
      })
      .code(204)
      .send()
  })
}
