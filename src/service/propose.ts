import type { ControlCommand, ControlVerdict } from '../domain/ports.ts'
import { EngineError } from '../errors/index.ts'
import type { ServiceContext } from './context.ts'

/** Proposes a change of the metadata. @throws the reason why it was refused */
export async function propose(
  context: ServiceContext,
  command: ControlCommand
): Promise<ControlVerdict & { readonly accepted: true }> {
  const verdict = await context.controlPort.propose(command)
  if (!verdict.accepted) throw new EngineError(verdict.code, verdict.details)
  return verdict
}
