import { needsSpace } from '../src/domain/record/index.ts'
import { EngineError } from '../src/errors/index.ts'

/** Something that writes use up: a disk, memory. */
export interface Resource {
  /** @returns why `bytes` more of it cannot be had; undefined: they can */
  shortage(bytes: number): EngineError | undefined
}

/** What is known of a disk. */
export interface DiskState {
  readonly isLow: boolean
  readonly freeBytes: number
  readonly minFreeBytes: number
}

/** @param folder  as the error names the disk */
export function diskResource(folder: string, state: () => DiskState): Resource {
  return {
    shortage(bytes) {
      const { isLow, freeBytes, minFreeBytes } = state()
      const isAskedTooMuch = minFreeBytes > 0 && freeBytes - bytes < minFreeBytes
      if (!isLow && !isAskedTooMuch) return undefined
      return new EngineError('MILLRACE_DISK_LOW', { folder, freeBytes, minFreeBytes })
    }
  }
}

/** Refuses what needs space while there is none; deletions pass, and so does everything that reads. */
export class WriteGuard {
  readonly #resources: readonly Resource[]
  #refusals = 0

  constructor(resources: readonly Resource[]) {
    this.#resources = resources
  }

  /** Requests refused since the start. */
  get refusals(): number {
    return this.#refusals
  }

  /** @throws MILLRACE_DISK_LOW, MILLRACE_MEMORY_LOW: nothing of a request is appended then */
  checkFrames(records: readonly { readonly frame: Uint8Array }[]): void {
    const bytes = records.reduce((sum, { frame }) => sum + frame.byteLength, 0)
    // What the frames are is looked at only when there is too little.
    const shortage = this.#shortage(bytes)
    if (shortage !== undefined && records.some(({ frame }) => needsSpace(frame)))
      this.#refuse(shortage)
  }

  /** @throws MILLRACE_DISK_LOW, MILLRACE_MEMORY_LOW */
  checkCreation(): void {
    const shortage = this.#shortage(0)
    if (shortage !== undefined) this.#refuse(shortage)
  }

  #shortage(bytes: number): EngineError | undefined {
    for (const resource of this.#resources) {
      const shortage = resource.shortage(bytes)
      if (shortage !== undefined) return shortage
    }
    return undefined
  }

  #refuse(shortage: EngineError): never {
    this.#refusals += 1
    throw shortage
  }
}
