/** Of the process: its disk, its memory, its start. */
import type { ErrorTable } from './error-spec.ts'

export const processErrors = {
  // The disk
  MILLRACE_DISK_LOW: {
    kind: 'quotaReached',
    retryable: true,
    message:
      'the disk of {folder} has {freeBytes} bytes free, too few to keep the configured minimum of {minFreeBytes} bytes. Help: Free some space (e.g. drop collections or remove other files), or lower `storage.minFreeBytes`; writes then go on by themselves.'
  },

  // Memory
  MILLRACE_MEMORY_LOW: {
    kind: 'quotaReached',
    retryable: true,
    message:
      'the process uses {usedBytes} bytes of memory, with what is still to be indexed, and its budget is {budgetBytes} bytes. Help: Drop collections or delete points, or raise `memory.budgetBytes`; writes then go on by themselves. GET /millrace/memory shows what uses how much.'
  },

  // Start
  MILLRACE_DATA_LOCKED: {
    kind: 'internal',
    retryable: false,
    message: 'the data folder {folder} is in use by {holder}'
  },
  MILLRACE_DATA_UNUSABLE: {
    kind: 'internal',
    retryable: false,
    message: 'the data folder {folder} cannot be used: {reason}'
  },
  MILLRACE_DATA_OTHER_LOG: {
    kind: 'internal',
    retryable: false,
    message:
      'the data folder {folder} holds states of another log ({found}, not {wanted}): use an empty folder, and they are replayed'
  },
  MILLRACE_DATA_FORMAT_NEWER: {
    kind: 'internal',
    retryable: false,
    message:
      'the data folder {folder} is of format version {found}; this version reads up to {supported}; start a newer version of millrace'
  },
  MILLRACE_PORT_IN_USE: {
    kind: 'internal',
    retryable: false,
    message: '{host}:{port} is in use by another program; choose another with --port'
  },
  MILLRACE_CONFIG_INVALID: { kind: 'internal', retryable: false, message: '{reason}' }
} as const satisfies ErrorTable
