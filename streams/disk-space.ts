import type { FileLayer } from './files.ts'

export interface DiskSpaceOptions {
  readonly files: FileLayer
  /** Any folder on the disk. */
  readonly folder: string
  /** With fewer bytes free the disk is low; 0: it never is. */
  readonly minFreeBytes: number
  /** Once low, it is so until this much more than `minFreeBytes` is free, so that it does not flap. */
  readonly marginBytes: number
  /** How often the disk is asked. Default 1,000. */
  readonly pollMs?: number
  /** Called when the disk gets low, and when it is no longer. */
  readonly onChange: (state: DiskSpaceState) => void
  /** Called when the disk cannot be asked; the last answer stands. */
  readonly onFailure: (error: unknown) => void
}

export interface DiskSpaceState {
  readonly isLow: boolean
  /** As of the last time that the disk was asked. */
  readonly freeBytes: number
  readonly minFreeBytes: number
}

/** Knows whether a disk has space left, from asking it now and then: a look at it costs nothing. */
export class DiskSpace {
  readonly #options: DiskSpaceOptions
  #isLow = false
  #freeBytes = Number.MAX_SAFE_INTEGER
  #timer: NodeJS.Timeout | undefined
  #asking: Promise<void> | undefined
  #isClosed = false

  private constructor(options: DiskSpaceOptions) {
    this.#options = options
  }

  /** Resolves when the disk was asked for the first time. */
  static async watch(options: DiskSpaceOptions): Promise<DiskSpace> {
    const space = new DiskSpace(options)
    await space.refresh()
    return space
  }

  get state(): DiskSpaceState {
    const { minFreeBytes } = this.#options
    return { isLow: this.#isLow, freeBytes: this.#freeBytes, minFreeBytes }
  }

  /** Asks the disk now, as after a failed write; resolves when it has answered. */
  refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer)
    const { files, folder, pollMs = 1000 } = this.#options
    try {
      this.#note(await files.freeBytes(folder))
    } catch (error) {
      this.#options.onFailure(error)
    }
    if (this.#isClosed) return
    this.#timer = setTimeout(() => void this.refresh(), pollMs).unref()
  }

  #note(freeBytes: number): void {
    const { minFreeBytes, marginBytes, onChange } = this.#options
    this.#freeBytes = freeBytes
    const needed = this.#isLow ? minFreeBytes + marginBytes : minFreeBytes
    const isLow = minFreeBytes > 0 && freeBytes < needed
    if (isLow === this.#isLow) return
    this.#isLow = isLow
    onChange(this.state)
  }
}
