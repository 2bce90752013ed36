import { recordKindsOf, spaceFreeKinds } from '../src/domain/record/index.ts'
import { EngineError } from '../src/errors/index.ts'

export interface WriteGuardOptions {
  readonly folder: string
  /** What is known of the disk. */
  readonly state: () => {
    readonly isLow: boolean
    readonly freeBytes: number
    readonly minFreeBytes: number
  }
}

/** Refuses what consumes space while the disk is low; what gives space back passes. */
export class WriteGuard {
  readonly #options: WriteGuardOptions
  refusals = 0

  constructor(options: WriteGuardOptions) {
    this.#options = options
  }

  /** @throws MILLRACE_DISK_LOW before anything of the request is appended */
  checkFrames(frames: Iterable<Uint8Array>): void {
    if (!this.#options.state().isLow) return
    for (const frame of frames) {
      for (const kind of recordKindsOf(frame)) if (!spaceFreeKinds.has(kind)) this.#refuse()
    }
  }

  /** @throws MILLRACE_DISK_LOW */
  checkCreation(): void {
    if (this.#options.state().isLow) this.#refuse()
  }

  #refuse(): never {
    this.refusals += 1
    const { freeBytes, minFreeBytes } = this.#options.state()
    const { folder } = this.#options
    throw new EngineError('MILLRACE_DISK_LOW', { folder, freeBytes, minFreeBytes })
  }
}
