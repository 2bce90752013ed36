import { type ErrorCode, type ErrorSpec, errorSpecs } from './codes.ts'
import { type FailureKind, failureKinds } from './kinds.ts'

export type ErrorDetails = Readonly<Record<string, string | number | bigint | boolean>>

/** What leaves the process about a failure, whatever the transport. */
export interface ErrorEnvelope {
  readonly code: ErrorCode
  readonly message: string
  readonly details: Readonly<Record<string, string | number | boolean>>
  readonly retryable: boolean
}

/** The one error class. Callers match on `code`, never on the text or on `instanceof`. */
export class EngineError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(renderMessage(code, details), options)
    this.name = 'EngineError'
    this.code = code
    this.details = details
  }

  get spec(): ErrorSpec {
    return errorSpecs[this.code]
  }

  get kind(): FailureKind {
    return failureKinds[this.spec.kind]
  }

  get retryable(): boolean {
    return this.spec.retryable
  }

  toEnvelope(): ErrorEnvelope {
    const details = Object.fromEntries(
      Object.entries(this.details).map(([name, value]) => [
        name,
        typeof value === 'bigint' ? value.toString() : value
      ])
    )
    return { code: this.code, message: this.message, details, retryable: this.retryable }
  }
}

/** Gives back an `EngineError` unchanged and wraps anything else as an internal one. */
export function toEngineError(cause: unknown): EngineError {
  if (cause instanceof EngineError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new EngineError('MILLRACE_INTERNAL', { reason }, { cause })
}

export function isEngineError(value: unknown, code?: ErrorCode): value is EngineError {
  return value instanceof EngineError && (code === undefined || value.code === code)
}

const codesByNative = new Map<number, ErrorCode>(
  Object.entries(errorSpecs).flatMap(([code, spec]) =>
    // The keys of errorSpecs are exactly the error codes.
    'native' in spec ? [[spec.native, code as ErrorCode]] : []
  )
)

/** @returns the code of a native `Errc` value; an unknown value is a bug of the build */
export function codeOfNative(errc: number): ErrorCode {
  return codesByNative.get(errc) ?? 'MILLRACE_INTERNAL'
}

function renderMessage(code: ErrorCode, details: ErrorDetails): string {
  const spec: ErrorSpec = errorSpecs[code]
  const text = spec.message.replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in details ? String(details[name]) : whole
  )
  return failureKinds[spec.kind].prefix + text
}
