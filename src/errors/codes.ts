/**
 * The one table of failures. A status is always derived from the kind, never chosen where an error
 * is thrown. Codes are for ever: retire them, never rename or reuse one.
 *
 * `native` numbers are the values of `Errc` in `native/core/include/millrace/errc.generated.h`,
 * which `npm run generate` writes from this table.
 */
import { checkpointErrors } from './codes/checkpoints.ts'
import { engineErrors } from './codes/engine.ts'
import type { ErrorTable } from './codes/error-spec.ts'
import { ingestErrors } from './codes/ingests.ts'
import { logErrors } from './codes/log.ts'
import { nodeErrors } from './codes/node.ts'
import { processErrors } from './codes/process.ts'
import { requestErrors } from './codes/requests.ts'

export type { ErrorSpec } from './codes/error-spec.ts'

export const errorSpecs = {
  ...requestErrors,
  ...engineErrors,
  ...nodeErrors,
  ...logErrors,
  ...ingestErrors,
  ...checkpointErrors,
  ...processErrors
} as const satisfies ErrorTable

export type ErrorCode = keyof typeof errorSpecs
