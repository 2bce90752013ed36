import type { FastifyInstance, FastifyRequest } from 'fastify'
import { EngineError } from '../../errors/index.ts'
import { BodyPool } from './body-pool.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Memory of its body, to be given back when its work is over. */
    pooledBody: Buffer | undefined
  }
}

/** Bodies up to here are read as Fastify does: a copy of them costs little. */
const smallBytes = 16 << 10

/** Bodies that wait to be used again, for each gateway. */
const keptBytesMax = 32 << 20

/**
 * Reads JSON bodies as bytes; each operation parses its own. Large ones are gathered in memory that is used again after
 * the handler has answered: a handler must not keep the body, or a view of it, beyond that.
 */
export function acceptJsonBodies(server: FastifyInstance, bytesMax: number): void {
  const pool = new BodyPool(keptBytesMax)
  server.decorateRequest('pooledBody', undefined)
  server.addContentTypeParser('application/json', (request, payload, done) => {
    const announced = Number(request.headers['content-length'] ?? 0)
    if (announced > bytesMax) return done(tooLarge(bytesMax), undefined)
    const body = new BodyReader(request, announced > smallBytes ? pool : undefined, announced)
    let isSettled = false
    const settle = (error: Error | null) => {
      if (isSettled) return
      isSettled = true
      if (error === null) done(null, body.whole())
      else done(error, undefined)
    }
    payload.on('data', (chunk: Buffer) => {
      // What still comes after a refusal is let go.
      if (!isSettled && body.add(chunk) > bytesMax) settle(tooLarge(bytesMax))
    })
    payload.on('end', () => settle(body.length < announced ? shorter(announced, body) : null))
    payload.on('error', settle)
  })
  server.addHook('onSend', (request, reply, _payload, done) => {
    const { pooledBody } = request
    // Answered before the body was whole: what is still to come is not for the next request.
    if (!request.raw.complete && announcesBody(request)) reply.header('connection', 'close')
    request.pooledBody = undefined
    if (pooledBody !== undefined) pool.give(pooledBody)
    done()
  })
}

/** Without one a request is complete once its headers are, which Node notes only after an answer that comes at once. */
function announcesBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Gathers the pieces of one body, in pooled memory when its length is known. */
class BodyReader {
  length = 0
  readonly #into: Buffer | undefined
  readonly #pieces: Buffer[] = []

  constructor(request: FastifyRequest, pool: BodyPool | undefined, announced: number) {
    this.#into = pool?.take(announced)
    request.pooledBody = this.#into
  }

  /** @returns the bytes so far */
  add(piece: Buffer): number {
    // The parser of HTTP ends a body at the announced length, so it always fits.
    if (this.#into === undefined) this.#pieces.push(piece)
    else piece.copy(this.#into, this.length)
    this.length += piece.length
    return this.length
  }

  whole(): Buffer {
    return this.#into?.subarray(0, this.length) ?? Buffer.concat(this.#pieces, this.length)
  }
}

function tooLarge(limit: number): EngineError {
  return new EngineError('MILLRACE_BODY_TOO_LARGE', { limit })
}

function shorter(announced: number, { length }: BodyReader): EngineError {
  return new EngineError('MILLRACE_BODY_MALFORMED', {
    reason: `the body did not arrive as announced: ${length} of ${announced} bytes`
  })
}
