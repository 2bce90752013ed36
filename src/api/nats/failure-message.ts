/** A failure on its way to another node. */
import { headers as createHeaders, type MsgHdrs } from 'nats'
import { packMeta, unpackMeta } from '../../domain/record/index.ts'
import { EngineError, type ErrorCode, type ErrorDetails, errorSpecs } from '../../errors/index.ts'

/** Of an answer whose body is a failure. */
export const failureHeader = 'Nats-Service-Error'

export function failureMessage({ code, details }: EngineError): {
  readonly body: Uint8Array
  readonly headers: MsgHdrs
} {
  const headers = createHeaders()
  headers.set(failureHeader, code)
  return { body: packMeta({ code, details }), headers }
}

/** The same failure as on the other node. */
export function failureIn(body: Uint8Array): EngineError {
  const failure = unpackMeta(body) as { readonly code: string; readonly details: ErrorDetails }
  if (isCode(failure.code)) return new EngineError(failure.code, failure.details)
  return new EngineError('MILLRACE_INTERNAL', { reason: `the unknown failure ${failure.code}` })
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorSpecs, code)
}
