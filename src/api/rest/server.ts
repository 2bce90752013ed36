import fastifySwagger from '@fastify/swagger'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { EngineError, toEngineError } from '../../errors/index.ts'
import type { Logger, RequestStatistics } from '../../observability/index.ts'
import type { ServiceContext } from '../../service/index.ts'
import { failureBody, type RequestsInFlight, type ServiceFacts } from '../operations/index.ts'
import { acceptJsonBodies } from './body.ts'
import { compressAnswers } from './compression.ts'
import { answerConnectionError } from './connection-errors.ts'
import { allowAnyOrigin } from './cors.ts'
import { countRequests } from './count-requests.ts'
import { openApiOptions, tidyOpenApi } from './openapi.ts'
import { operationRoutes } from './route.ts'

export interface RestOptions {
  readonly context: ServiceContext
  readonly service: ServiceFacts
  readonly logger: Logger
  readonly statistics: RequestStatistics
  /** Whether web pages of any origin may send requests. */
  readonly cors: boolean
  /** Smallest answer that is compressed; 0: none is. */
  readonly compressBytes: number
  readonly limits: {
    readonly bodyBytes: number
    readonly requestsInFlight: number
  }
  readonly inFlight: RequestsInFlight
}

/** Longest path parameter: a name of 255 characters, each up to 12 characters when encoded. */
const parameterCharactersMax = 255 * 12

/** A request that has not arrived by then loses its connection: it would stay in flight for ever. */
const requestArrivalMsMax = 300_000

/** The REST gateway; it listens once its caller says so. */
export async function createRestServer(options: RestOptions): Promise<FastifyInstance> {
  const { context, limits, statistics, logger } = options
  const server = Fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: parameterCharactersMax },
    requestTimeout: requestArrivalMsMax,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    clientErrorHandler: answerConnectionError,
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
  server.decorateRequest('isCounted', false)

  acceptJsonOnly(server, limits.bodyBytes)
  countRequests(server, context, statistics, options.inFlight, limits.requestsInFlight)
  if (options.cors) allowAnyOrigin(server)
  if (options.compressBytes > 0) compressAnswers(server, options.compressBytes)
  server.setErrorHandler((cause, request, reply) =>
    sendError(asEngineError(cause, limits.bodyBytes), request, reply, logger)
  )
  server.setNotFoundHandler((_request, reply) => reply.code(404).send())

  await server.register(fastifySwagger, openApiOptions(options.service.version))
  await operationRoutes(server, { context, facts: options.service })
  server.get('/openapi.json', { schema: { hide: true } }, async () => tidyOpenApi(server.swagger()))
  return server
}

/** Bodies stay bytes: each operation parses its own, natively where it is large. */
function acceptJsonOnly(server: FastifyInstance, bytesMax: number): void {
  server.removeAllContentTypeParsers()
  acceptJsonBodies(server, bytesMax)
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
  return reply.code(http).send(failureBody(error, request.startedAt))
}
