import { brotliCompress, constants, deflate, gzip } from 'node:zlib'
import type { FastifyInstance } from 'fastify'

type Compress = (body: Buffer | string, done: (error: Error | null, body: Buffer) => void) => void

/**
 * In order of preference. The lowest levels: answers are made faster than higher levels compress, and
 * most of what is to be gained in JSON is gained by them.
 */
const encodings: ReadonlyMap<string, Compress> = new Map<string, Compress>([
  ['gzip', (body, done) => gzip(body, { level: 1 }, done)],
  [
    'br',
    (body, done) => brotliCompress(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }, done)
  ],
  ['deflate', (body, done) => deflate(body, { level: 1 }, done)]
])

/**
 * Compresses answers of at least `bytesMin` bytes for clients that accept it, off the JavaScript thread.
 * Smaller ones cost more time than their bytes do.
 */
export function compressAnswers(server: FastifyInstance, bytesMin: number): void {
  server.addHook('onSend', (request, reply, body, done) => {
    if (!isBody(body) || body.length < bytesMin || reply.hasHeader('content-encoding')) {
      return done(null, body)
    }
    reply.header('vary', 'accept-encoding')
    const accepted = request.headers['accept-encoding']
    const encoding = accepted === undefined ? undefined : chooseEncoding(accepted)
    const compress = encoding === undefined ? undefined : encodings.get(encoding)
    if (encoding === undefined || compress === undefined) return done(null, body)
    compress(body, (error, compressed) => {
      if (error !== null) return done(error)
      reply.header('content-encoding', encoding)
      reply.removeHeader('content-length')
      done(null, compressed)
    })
  })
}

function isBody(body: unknown): body is Buffer | string {
  return Buffer.isBuffer(body) || typeof body === 'string'
}

/**
 * @param accepted  an `Accept-Encoding` header, as in `gzip;q=0.5, br`
 * @returns         the known encoding that the client likes best, undefined for none
 */
export function chooseEncoding(accepted: string): string | undefined {
  const weights = new Map(
    accepted.split(',').map((part) => {
      const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
      return [name, weight === undefined ? 1 : Number(weight)] as const
    })
  )
  const weightOf = (name: string) => weights.get(name) ?? weights.get('*') ?? 0
  const best = [...encodings.keys()].sort((a, b) => weightOf(b) - weightOf(a))[0] ?? ''
  const isBetterThanNone = weightOf(best) > 0 && weightOf(best) >= (weights.get('identity') ?? 0)
  return isBetterThanNone ? best : undefined
}
