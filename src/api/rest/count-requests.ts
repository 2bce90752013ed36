/** Counts requests, and refuses those over the limit and those that come while the server closes. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { EngineError } from '../../errors/index.ts'
import type { RequestStatistics } from '../../observability/index.ts'
import type { ServiceContext } from '../../service/index.ts'
import { secondsSince } from './route.ts'

/** Answered at any load: who asks would restart a server that is only busy. */
const probes: ReadonlySet<string | undefined> = new Set([
  '/healthz',
  '/livez',
  '/readyz',
  '/metrics'
])

export function countRequests(
  server: FastifyInstance,
  context: ServiceContext,
  statistics: RequestStatistics,
  inFlightMax: number
): void {
  limitInFlight(server, statistics, inFlightMax)
  const countUnknown = statistics.route('ANY', 'unknown')
  server.addHook('onResponse', (request, reply, done) => {
    if (request.is404) countUnknown(reply.statusCode, secondsSince(request.startedAt), undefined)
    done()
  })
  // A hook for each route knows its counters without looking for them.
  server.addHook('onRoute', (route) => {
    const methods = Array.isArray(route.method) ? route.method : [route.method]
    const endpoint = route.url.replace(':name', '{collection_name}').replace(/:(\w+)/g, '{$1}')
    const counters = new Map(
      methods.map((method) => [method, statistics.route(method, endpoint)] as const)
    )
    const count = (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
      const { name } = request.params as { readonly name?: string }
      counters.get(request.method)?.(
        reply.statusCode,
        secondsSince(request.startedAt),
        name === undefined ? undefined : collectionOf(context, name)
      )
      done()
    }
    route.onResponse = [count, ...[route.onResponse ?? []].flat()]
  })
}

/** Only what exists gets counters of its own: names are the client's to invent. */
function collectionOf(context: ServiceContext, name: string): string | undefined {
  const { collections, aliases } = context.directory()
  return collections.has(name) ? name : aliases.get(name)
}

function limitInFlight(
  server: FastifyInstance,
  statistics: RequestStatistics,
  inFlightMax: number
): void {
  let isClosing = false
  server.addHook('preClose', (done) => {
    isClosing = true
    done()
  })
  server.addHook('onRequest', (request, reply, done) => {
    request.startedAt = process.hrtime.bigint()
    statistics.inFlight += 1
    // A client may go before its answer is ready: a request counts until its work and its connection are done.
    reply.raw.once('close', () => {
      if (request.isAnswered) statistics.inFlight -= 1
    })
    if (isClosing) return done(new EngineError('MILLRACE_NODE_DRAINING'))
    if (statistics.inFlight <= inFlightMax || probes.has(request.routeOptions.url)) return done()
    done(
      new EngineError('MILLRACE_TOO_MANY_REQUESTS', {
        waiting: inFlightMax,
        limitName: 'limits.requestsInFlight'
      })
    )
  })
  server.addHook('onSend', (request, reply, _body, done) => {
    if (request.isAnswered) return done()
    request.isAnswered = true
    // No event follows on a connection that is gone, nor for an answer that is queued behind others.
    if (reply.raw.destroyed || reply.raw.socket === null) statistics.inFlight -= 1
    done()
  })
}
