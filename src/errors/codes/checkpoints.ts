/** Of checkpoints. */
import type { ErrorTable } from './error-spec.ts'

export const checkpointErrors = {
  MILLRACE_CHECKPOINT_FORMAT_NEWER: {
    kind: 'internal',
    retryable: false,
    message: '{file} is of format version {found}; this version reads up to {supported}'
  },
  MILLRACE_CHECKPOINT_FAILED: {
    kind: 'unavailable',
    retryable: true,
    message: 'no checkpoint can be written to {file}: {reason}'
  },
  MILLRACE_CHECKPOINT_MISSING: {
    kind: 'internal',
    retryable: false,
    message:
      'the log begins at offset {start}, and no whole checkpoint in {folder} reaches it: {reason}'
  }
} as const satisfies ErrorTable
