import type { ControlCommand, ControlVerdict } from '../domain/ports.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceContext } from './context.ts'

/** What a management operation may take; the server's default when it is not given. */
export interface ManagementOptions {
  readonly timeoutMs: number | undefined
}

/**
 * Proposes a change of the metadata and waits until this node follows it.
 *
 * @throws the reason why it was refused; MILLRACE_REQUEST_TIMEOUT when time is up: the change may come yet
 */
export async function propose(
  context: ServiceContext,
  command: ControlCommand,
  { timeoutMs = context.limits.requestTimeoutMs }: ManagementOptions
): Promise<ControlVerdict & { readonly accepted: true }> {
  let timer: NodeJS.Timeout | undefined
  const timeUp = new Promise<never>((_resolve, reject) => {
    const details = { operation: command.type, seconds: timeoutMs / 1000 }
    const error = new EngineError('MILLRACE_REQUEST_TIMEOUT', details)
    timer = setTimeout(reject, timeoutMs, error)
  })
  try {
    const verdict = await Promise.race([context.controlPort.propose(command), timeUp])
    if (!verdict.accepted) throw new EngineError(verdict.code, verdict.details)
    return verdict
  } finally {
    clearTimeout(timer)
  }
}
