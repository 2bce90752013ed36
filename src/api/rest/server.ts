import fastifySwagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { EngineError, toEngineError } from '../../errors/index.ts'
import type { Logger, Metrics } from '../../observability/index.ts'
import type { ServiceContext } from '../../service/index.ts'
import { aliasRoutes } from './aliases.ts'
import { collectionRoutes } from './collections.ts'
import { openApiOptions, tidyOpenApi } from './openapi.ts'
import { pointRoutes } from './points.ts'
import { queryRoutes } from './query.ts'
import { secondsSince } from './route.ts'
import { type ServiceRoutesOptions, serviceRoutes } from './service.ts'

export interface RestOptions {
  readonly context: ServiceContext
  readonly service: ServiceRoutesOptions
  readonly logger: Logger
  readonly metrics: Metrics
  readonly limits: {
    readonly bodyBytes: number
    readonly jsonDepth: number
    readonly requestsInFlight: number
  }
}

/** Longest path parameter: a name of 255 characters, each up to 12 characters when encoded. */
const parameterCharactersMax = 255 * 12

/** A request that has not arrived by then loses its connection: it would stay in flight for ever. */
const requestArrivalMsMax = 300_000

/** The REST gateway; it listens once its caller says so. */
export async function createRestServer(options: RestOptions): Promise<FastifyInstance> {
  const { context, limits, metrics, logger } = options
  const server = Fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: parameterCharactersMax },
    requestTimeout: requestArrivalMsMax,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // A path that cannot be decoded names nothing; unknown routes have no envelope.
    frameworkErrors: (_error, _request, reply) => {
      reply.raw.writeHead(404).end()
    }
  })
  // Requests are checked by the service's own schemas, answers are rendered as they are.
  server.setValidatorCompiler(() => () => true)
  server.setSerializerCompiler(() => (value) => JSON.stringify(value))
  server.decorateRequest('startedAt', 0n)
  server.decorateRequest('isAnswered', false)

  acceptJsonOnly(server)
  countRequests(server, metrics, limits.requestsInFlight)
  server.setErrorHandler((cause, request, reply) =>
    sendError(asEngineError(cause, limits.bodyBytes), request, reply, logger)
  )
  server.setNotFoundHandler((_request, reply) => reply.code(404).send())

  await server.register(fastifySwagger, openApiOptions(options.service.version))
  await server.register(collectionRoutes, { context, jsonDepth: limits.jsonDepth })
  await server.register(aliasRoutes, { context, jsonDepth: limits.jsonDepth })
  await server.register(pointRoutes, { context, jsonDepth: limits.jsonDepth })
  await server.register(queryRoutes, { context, jsonDepth: limits.jsonDepth })
  await server.register(serviceRoutes, options.service)
  server.get('/openapi.json', { schema: { hide: true } }, async () => tidyOpenApi(server.swagger()))
  return server
}

/** Bodies stay bytes: each operation parses its own, natively where it is large. */
function acceptJsonOnly(server: FastifyInstance): void {
  server.removeAllContentTypeParsers()
  server.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    (_request, body: Buffer, done) => done(null, body)
  )
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (body.length === 0) return done(null, body)
    const found = request.headers['content-type'] ?? 'none'
    done(
      new EngineError('MILLRACE_CONTENT_TYPE_INVALID', {
        reason: `the body must be sent as application/json, and this was sent as ${found}`
      })
    )
  })
}

/** Answered at any load: who asks would restart a server that is only busy. */
const probes: ReadonlySet<string | undefined> = new Set([
  '/healthz',
  '/livez',
  '/readyz',
  '/metrics'
])

/** Refuses requests while the server closes, and those over the limit. */
function countRequests(server: FastifyInstance, metrics: Metrics, inFlightMax: number): void {
  let inFlight = 0
  let isClosing = false
  const count = (change: 1 | -1) => {
    inFlight += change
    metrics.restInFlight.set(inFlight)
  }
  server.addHook('preClose', (done) => {
    isClosing = true
    done()
  })
  server.addHook('onRequest', (request, reply, done) => {
    request.startedAt = process.hrtime.bigint()
    count(1)
    // A client may go before its answer is ready: a request counts until its work and its connection are done.
    reply.raw.once('close', () => request.isAnswered && count(-1))
    if (isClosing) return done(new EngineError('MILLRACE_NODE_DRAINING'))
    if (inFlight <= inFlightMax || probes.has(request.routeOptions.url)) return done()
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
    if (reply.raw.destroyed || reply.raw.socket === null) count(-1)
    done()
  })
  server.addHook('onResponse', (request, reply, done) => {
    const endpoint = request.routeOptions.url ?? 'unknown'
    const { method } = request
    metrics.restRequests.inc({ method, endpoint, status: String(reply.statusCode) })
    metrics.restSeconds.observe({ method, endpoint }, secondsSince(request.startedAt))
    done()
  })
}

function asEngineError(cause: unknown, bodyBytesMax: number): EngineError {
  const code =
    typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new EngineError('MILLRACE_BODY_TOO_LARGE', { limit: bodyBytesMax })
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new EngineError('MILLRACE_CONTENT_TYPE_INVALID', {
      reason: 'the content type is not valid'
    })
  }
  // Also when the connection ends within a body: nobody reads the answer, and it is no failure of ours.
  if (cause instanceof Error && (code === 'ECONNRESET' || hasClientStatus(cause))) {
    const reason = `the body did not arrive as announced: ${cause.message}`
    return new EngineError('MILLRACE_BODY_MALFORMED', { reason })
  }
  return toEngineError(cause)
}

/** Failures that Fastify itself puts down to the client. */
function hasClientStatus(cause: Error): boolean {
  return 'statusCode' in cause && typeof cause.statusCode === 'number' && cause.statusCode < 500
}

function sendError(
  error: EngineError,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger
) {
  const { http } = error.kind
  if (http === 500) logger.error({ err: error, url: request.url }, 'request failed')
  if (http === 429) reply.header('retry-after', '1')
  return reply.code(http).send({
    status: { error: error.message, code: error.code },
    time: secondsSince(request.startedAt)
  })
}
