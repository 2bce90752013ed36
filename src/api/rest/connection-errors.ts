import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { EngineError } from '../../errors/index.ts'

/** Answers what is no HTTP request at all, and what has not arrived in time, in the envelope of every error. */
export function answerConnectionError(
  cause: Error & { readonly code?: string },
  socket: Socket
): void {
  if (cause.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const error =
    cause.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? new EngineError('MILLRACE_REQUEST_NOT_ARRIVED')
      : new EngineError('MILLRACE_HTTP_MALFORMED', { reason: cause.message })
  const body = JSON.stringify({ status: { error: error.message, code: error.code }, time: 0 })
  const { http } = error.kind
  socket.end(
    `HTTP/1.1 ${http} ${STATUS_CODES[http]}\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`
  )
  // Its client may never end its side, and nothing watches over this connection any more.
  socket.destroySoon()
}
