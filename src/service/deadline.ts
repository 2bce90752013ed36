import { EngineError } from '../errors/index.ts'
import type { ReadOptions, ServiceContext } from './context.ts'

/** When a read must be over, on the clock of `process.hrtime.bigint()`. */
export function deadlineNs(
  context: ServiceContext,
  { startedAt, timeoutMs }: Pick<ReadOptions, 'startedAt' | 'timeoutMs'>
): bigint {
  return startedAt + BigInt(timeoutMs ?? context.limits.requestTimeoutMs) * 1_000_000n
}

/**
 * For work of many steps, between two of them.
 *
 * @throws MILLRACE_REQUEST_TIMEOUT, MILLRACE_CANCELLED
 */
export function checkStillWanted(
  context: ServiceContext,
  options: ReadOptions,
  operation: string
): void {
  if (options.signal?.aborted) throw new EngineError('MILLRACE_CANCELLED')
  if (process.hrtime.bigint() >= deadlineNs(context, options)) {
    throw timedOut(context, options, operation)
  }
}

/**
 * Gives up on a read at its deadline, and when its client has gone.
 *
 * @param operation  named in the error
 * @param work       begun already; what it still does then is no longer waited for
 * @throws MILLRACE_REQUEST_TIMEOUT, MILLRACE_CANCELLED
 */
export function withinDeadline<Answer>(
  context: ServiceContext,
  options: ReadOptions,
  operation: string,
  work: Answer | Promise<Answer>
): Answer | Promise<Answer> {
  // What a native call has answered at once cost no time worth a timer.
  return work instanceof Promise ? race(context, options, operation, work) : work
}

async function race<Answer>(
  context: ServiceContext,
  options: ReadOptions,
  operation: string,
  work: Promise<Answer>
): Promise<Answer> {
  const { signal } = options
  const left = Number((deadlineNs(context, options) - process.hrtime.bigint()) / 1_000_000n)
  let timer: NodeJS.Timeout | undefined
  let onAbort: (() => void) | undefined
  const end = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new EngineError('MILLRACE_CANCELLED'))
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    timer = setTimeout(
      () => reject(timedOut(context, options, operation)),
      Math.max(0, Math.ceil(left))
    )
  })
  try {
    return await Promise.race([work, end])
  } finally {
    clearTimeout(timer)
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort)
  }
}

function timedOut(
  context: ServiceContext,
  { timeoutMs }: ReadOptions,
  operation: string
): EngineError {
  const seconds = Math.ceil((timeoutMs ?? context.limits.requestTimeoutMs) / 1000)
  return new EngineError('MILLRACE_REQUEST_TIMEOUT', { operation, seconds })
}
