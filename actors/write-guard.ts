import { needsSpace } from '../src/domain/record/index.ts'
import { EngineError } from '../src/errors/index.ts'

/** What is known of a disk. */
export interface DiskState {
  readonly isLow: boolean
  readonly freeBytes: number
  readonly minFreeBytes: number
}

/** Refuses what needs space while the disk is low; deletions pass, and so does everything that reads. */
export class WriteGuard {
  readonly #folder: string
  readonly #state: () => DiskState
  #refusals = 0

  /** @param folder  as the error names the disk */
  constructor(folder: string, state: () => DiskState) {
    this.#folder = folder
    this.#state = state
  }

  /** Requests refused since the start. */
  get refusals(): number {
    return this.#refusals
  }

  /** @throws MILLRACE_DISK_LOW when any of the frames needs space: nothing of a request is appended then */
  checkFrames(records: readonly { readonly frame: Uint8Array }[]): void {
    if (this.#state().isLow && records.some(({ frame }) => needsSpace(frame))) this.#refuse()
  }

  /** @throws MILLRACE_DISK_LOW */
  checkCreation(): void {
    if (this.#state().isLow) this.#refuse()
  }

  #refuse(): never {
    this.#refusals += 1
    const { freeBytes, minFreeBytes } = this.#state()
    throw new EngineError('MILLRACE_DISK_LOW', { folder: this.#folder, freeBytes, minFreeBytes })
  }
}
