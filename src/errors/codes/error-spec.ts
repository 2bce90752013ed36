import type { FailureKindName } from '../kinds.ts'

export interface ErrorSpec {
  readonly kind: FailureKindName
  /** Trying the same request again later may succeed. */
  readonly retryable: boolean
  /** `{name}` is replaced by the detail of that name. */
  readonly message: string
  /** The value of this failure in the native engine, when it can be born there. */
  readonly native?: number
}

export type ErrorTable = Record<`MILLRACE_${string}`, ErrorSpec>
