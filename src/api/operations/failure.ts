import type { EngineError } from '../../errors/index.ts'
import { secondsSince } from './operation.ts'

/** The body of every failure, on every transport. */
export function failureBody(error: EngineError, startedAt: bigint) {
  return {
    status: { error: error.message, code: error.code },
    time: isOfExtraction(error) ? 0 : secondsSince(startedAt)
  }
}

/** Failures to read body, query or path: this API answers them without a time. */
function isOfExtraction({ code }: EngineError): boolean {
  return /^MILLRACE_(BODY|CONTENT_TYPE|QUERY_PARAMETER|PATH_PARAMETER)_/.test(code)
}
