import { EngineError } from '../../errors/index.ts'

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `null` means absent, as everywhere in this API. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

export function malformed(path: string, reason: string): EngineError {
  return new EngineError('MILLRACE_BODY_MALFORMED', { reason: `${path}: ${reason}` })
}

export function invalid(path: string, reason: string): EngineError {
  return new EngineError('MILLRACE_BODY_INVALID', { reason: `${path}: ${reason}` })
}

export function unsupported(option: string): EngineError {
  return new EngineError('MILLRACE_OPTION_UNSUPPORTED', {
    option,
    remedy: 'leave it out of the filter'
  })
}
