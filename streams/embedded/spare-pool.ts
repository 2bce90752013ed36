import { type FileLayer, isDiskFull, type LogFile, writeFully } from '../files.ts'

export const zeros = new Uint8Array(1024 * 1024)

/** Files of full size that wait for a new life as a log segment: made ahead, or left by a trim. */
export class SparePool {
  readonly #files: FileLayer
  readonly #folder: string
  readonly #fileBytes: number
  readonly #filesMax: number
  readonly #spares: Spare[] = []
  #nextName = 0
  #preparing: Promise<void> | undefined
  #isClosed = false

  constructor(options: {
    readonly files: FileLayer
    readonly folder: string
    readonly fileBytes: number
    readonly filesMax: number
  }) {
    this.#files = options.files
    this.#folder = options.folder
    this.#fileBytes = options.fileBytes
    this.#filesMax = options.filesMax
  }

  /**
   * Removes what an earlier run left. A rename changes two folders, and the loss of one of the changes
   * can leave a spare's name on a file that has become a log segment: only files that this run has put
   * here are reused.
   */
  async open(): Promise<void> {
    try {
      await this.#files.makeFolder(this.#folder)
    } catch (error) {
      // Spares save time, nothing else: a full disk only means that there are none.
      if (isDiskFull(error)) return
      throw error
    }
    for (const name of await this.#files.list(this.#folder)) {
      await this.#files.unlink(`${this.#folder}/${name}`)
    }
  }

  /** @returns a file of full size that is the caller's from now on */
  take(): Spare | undefined {
    return this.#spares.pop()
  }

  /** Keeps a file that is no longer part of a log, or removes it. */
  async recycle(path: string, bytes: number): Promise<void> {
    if (bytes !== this.#fileBytes || this.#spares.length >= this.#filesMax || this.#isClosed) {
      return this.#files.unlink(path)
    }
    const spare = { path: this.#newPath(), isRecycled: true }
    await this.#files.rename(path, spare.path)
    this.#spares.push(spare)
  }

  /** Makes one file in the background when there is none, so that the next segment need not wait. */
  prepare(onFailure: (error: unknown) => void): void {
    if (this.#spares.length > 0 || this.#preparing || this.#filesMax === 0 || this.#isClosed) return
    this.#preparing = this.#make()
      .catch(onFailure)
      .finally(() => {
        this.#preparing = undefined
      })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#preparing
  }

  async #make(): Promise<void> {
    const path = this.#newPath()
    const file = await this.#files.open(path, 'create')
    try {
      await fillWithZeros(file, { from: 0, to: this.#fileBytes, syncs: true }, () => this.#isClosed)
    } catch (error) {
      await file.close()
      await this.#files.unlink(path)
      throw error
    }
    await file.close()
    if (this.#isClosed) await this.#files.unlink(path)
    else this.#spares.push({ path, isRecycled: false })
  }

  #newPath(): string {
    return `${this.#folder}/${String(this.#nextName++).padStart(8, '0')}.spare`
  }
}

export interface Spare {
  readonly path: string
  /** Bytes of an earlier life may still be in it. */
  readonly isRecycled: boolean
}

/**
 * Writes zeros in steps that leave the disk to others in between: each is synced by itself, since one
 * sync of a whole file held the commits beside it up for 60 to 150 ms.
 */
export async function fillWithZeros(
  file: LogFile,
  range: { readonly from: number; readonly to: number; readonly syncs: boolean },
  isStopped: () => boolean = () => false
): Promise<void> {
  const { from, to, syncs } = range
  for (let at = from; at < to && !isStopped(); at += zeros.byteLength) {
    await writeFully(file, zeros.subarray(0, Math.min(zeros.byteLength, to - at)), at)
    if (syncs) await file.syncData()
  }
}
