import type { BatchHeader } from './batch-format.ts'

/** Whole batches read from a file. */
export interface DiskRun {
  /** The log segment that they are of; only told apart from others, never used. */
  readonly segment: object
  readonly from: number
  readonly next: number
  readonly bytes: Uint8Array
  readonly batches: { readonly header: BatchHeader; readonly at: number }[]
}
