/** Counts requests, and refuses those over the limit and those that come while the server closes. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RequestStatistics } from '../../observability/index.ts'
import type { ServiceContext } from '../../service/index.ts'
import { type RequestsInFlight, refusalOf, secondsSince } from '../operations/index.ts'

export function countRequests(
  server: FastifyInstance,
  context: ServiceContext,
  statistics: RequestStatistics,
  inFlight: RequestsInFlight,
  inFlightMax: number
): void {
  limitInFlight(server, inFlight, inFlightMax)
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
        name === undefined ? undefined : existingCollection(context, name)
      )
      done()
    }
    route.onResponse = [count, ...[route.onResponse ?? []].flat()]
  })
}

/** Only what exists gets counters of its own: names are the client's to invent. */
function existingCollection(context: ServiceContext, name: string): string | undefined {
  const { collections, aliases } = context.directory()
  return collections.has(name) ? name : aliases.get(name)
}

function limitInFlight(
  server: FastifyInstance,
  inFlight: RequestsInFlight,
  inFlightMax: number
): void {
  const leave = (request: FastifyRequest) => {
    if (!request.isCounted) return
    request.isCounted = false
    inFlight.add(-1)
  }
  server.addHook('onRequest', (request, reply, done) => {
    request.startedAt = process.hrtime.bigint()
    request.isCounted = true
    inFlight.add(1)
    // A client may go before its answer is ready: a request counts until its work and its connection are done.
    reply.raw.once('close', () => {
      if (request.isAnswered) leave(request)
    })
    done(refusalOf(inFlight, inFlightMax, request.routeOptions.url))
  })
  server.addHook('onSend', (request, reply, _body, done) => {
    if (request.isAnswered) return done()
    request.isAnswered = true
    // No event follows on a connection that is gone, and none is sure to for an answer that is queued behind others.
    if (reply.raw.destroyed || reply.raw.socket === null) leave(request)
    done()
  })
}
