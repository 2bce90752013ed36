import { EngineError } from '../../src/errors/index.ts'
import { type LogFile, readFully } from '../files.ts'
import { OffsetIndex } from './offset-index.ts'
import { decodeSegmentHeader, segmentFileName, segmentHeaderBytes } from './segment-format.ts'
import type { LogContext } from './settings.ts'
import { fillWithZeros } from './spare-pool.ts'

const firstStepBytes = 256 * 1024
const stepBytesMax = 8 * 1024 * 1024

/** One file of a partition. Its handle stays open for its life as the active segment: a second one could miss a failed sync. */
export class LogSegment {
  readonly path: string
  readonly firstOffset: number
  readonly id: bigint
  readonly prevBodyCrc: number
  readonly index = new OffsetIndex()
  /** Durable end, as a position in the file and as an offset. */
  durableBytes = segmentHeaderBytes
  endOffset: number
  firstTimeMs = 0
  lastTimeMs = 0
  isSealed = false
  /** Size that is written with zeros or batches. */
  allocatedBytes = 0
  /** Where the last run that was read ended: a sequential reader goes on there. */
  hint: { readonly offset: number; readonly position: number } | undefined
  /** Why the handle must not be synced again. */
  poisoned: unknown
  readonly #context: LogContext
  #handle: Promise<Handle> | undefined
  #zerosSync: Promise<void> | undefined
  #users = 0
  #extension: Promise<void> | undefined
  #dispose: (() => Promise<void>) | undefined
  #onDisposed: (() => void) | undefined

  constructor(
    context: LogContext,
    identity: {
      readonly folder: string
      readonly firstOffset: number
      readonly id: bigint
      readonly prevBodyCrc: number
    }
  ) {
    this.#context = context
    this.path = `${identity.folder}/${segmentFileName(identity.firstOffset)}`
    this.firstOffset = identity.firstOffset
    this.endOffset = identity.firstOffset
    this.id = identity.id
    this.prevBodyCrc = identity.prevBodyCrc
  }

  /** Opens the file, unless it is open, and sees that it is the one that the manifest means. */
  async file(): Promise<LogFile> {
    return (await this.#opened()).file
  }

  adopt(file: LogFile, allocatedBytes: number): void {
    this.#handle = Promise.resolve({ file, users: 0 })
    this.allocatedBytes = allocatedBytes
  }

  /** Runs a reader while the file is kept, even when a trim retires the segment meanwhile. */
  async use<T>(reader: (file: LogFile) => Promise<T>): Promise<T> {
    this.#users++
    if (this.isSealed) this.#context.openFiles.used(this)
    let handle: Handle | undefined
    try {
      handle = await this.#opened()
      handle.users++
      return await reader(handle.file)
    } finally {
      if (handle && --handle.users === 0) handle.onIdle?.()
      this.#users--
      if (this.#users === 0) void this.#disposeNow()
    }
  }

  /** Calls `dispose` once nobody reads any more and the handle is closed. */
  retire(dispose: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      this.#dispose = dispose
      this.#onDisposed = resolve
      if (this.#users === 0) void this.#disposeNow()
    })
  }

  /** From now on the segment only serves readers, who share a bounded number of open files. */
  seal(): void {
    if (this.isSealed) return
    this.isSealed = true
    this.#context.openFiles.used(this)
  }

  /** Closes the file once its present readers are done: the system may give its number to another file at once. */
  async close(): Promise<void> {
    await this.#extension
    const opening = this.#handle
    this.#handle = undefined
    // A file that could not be opened needs no closing, and nothing is waiting to be written.
    const handle = await opening?.catch(() => undefined)
    if (handle === undefined) return
    if (handle.users > 0) {
      await new Promise<void>((resolve) => {
        handle.onIdle = resolve
      })
    }
    await handle.file.close().catch(() => {})
  }

  /** Sees that `end` is inside of zeroed space where possible; a write beyond it merely costs more. */
  async reserve(end: number): Promise<void> {
    if (end > this.allocatedBytes) await this.#extension
    if (end + this.#nextStep() / 2 > this.allocatedBytes) this.#extendAhead(end)
  }

  async settled(): Promise<void> {
    await this.#extension
  }

  /**
   * Waits for a sync of zeros that runs beside a sync of the writer. A failure is reported to every
   * handle on Linux since 4.13; elsewhere the other sync may have swallowed the writer's.
   *
   * @throws the failure of such a sync
   */
  async zerosSynced(): Promise<void> {
    await this.#zerosSync?.catch(() => {})
    if (this.poisoned !== undefined) throw this.poisoned
  }

  #nextStep(): number {
    return Math.min(stepBytesMax, Math.max(firstStepBytes, this.allocatedBytes))
  }

  /**
   * Writes zeros behind what the writer may be writing just now, through a handle of its own: a failed
   * sync is reported once per handle, and the writer's must not miss it.
   */
  #extendAhead(end: number): void {
    const from = Math.max(end, this.allocatedBytes)
    const to = Math.min(from + this.#nextStep(), this.#context.segmentBytes)
    if (this.#extension || to <= from || this.poisoned !== undefined) return
    this.allocatedBytes = Math.max(this.allocatedBytes, end)
    this.#extension = this.#extend(from, to)
      .catch((error: unknown) => {
        const details = { file: this.path, reason: String(error) }
        this.#context.onEvent({ kind: 'background.failed', details })
      })
      .finally(() => {
        this.#extension = undefined
      })
  }

  async #extend(from: number, to: number): Promise<void> {
    const file = await this.#context.files.open(this.path, 'write')
    try {
      await fillWithZeros(file, { from, to, syncs: false })
      if (this.#context.syncs) {
        this.#zerosSync = this.#syncZeros(file)
        await this.#zerosSync
      }
      this.allocatedBytes = to
    } finally {
      this.#zerosSync = undefined
      await file.close()
    }
  }

  async #syncZeros(file: LogFile): Promise<void> {
    try {
      await file.syncData()
    } catch (error) {
      // Pages of the writer may have been lost by the same failure: it reopens and reads them again.
      this.poisoned = error
      throw error
    }
  }

  #opened(): Promise<Handle> {
    this.#handle ??= this.#open().then(
      (file) => ({ file, users: 0 }),
      (error: unknown) => {
        this.#handle = undefined
        throw error
      }
    )
    return this.#handle
  }

  async #open(): Promise<LogFile> {
    const { files, crc32c } = this.#context
    const file = await files.open(this.path, this.isSealed ? 'read' : 'write').catch((error) => {
      if (error?.code === 'ENOENT') throw this.damaged(0, 'the file is missing')
      throw error
    })
    try {
      const bytes = new Uint8Array(segmentHeaderBytes)
      await readFully(file, bytes, 0)
      const header = decodeSegmentHeader(bytes, this.path, crc32c)
      if (header === undefined) throw this.damaged(0, 'the header of the log segment is damaged')
      if (header.segmentId !== this.id || header.firstOffset !== this.firstOffset) {
        throw this.damaged(0, 'it is another log segment than the manifest names')
      }
      const size = await file.size()
      if (this.isSealed && size < this.durableBytes)
        throw this.damaged(size, 'the file is too short')
      this.allocatedBytes = size
      return file
    } catch (error) {
      await file.close()
      throw error
    }
  }

  damaged(position: number, reason: string, offset = this.firstOffset): EngineError {
    return new EngineError('MILLRACE_LOG_CORRUPT', { file: this.path, position, offset, reason })
  }

  async #disposeNow(): Promise<void> {
    const dispose = this.#dispose
    if (dispose === undefined) return
    this.#dispose = undefined
    this.#context.openFiles.forget(this)
    await this.close()
    await dispose().catch((error: unknown) => {
      const details = { file: this.path, reason: String(error) }
      this.#context.onEvent({ kind: 'background.failed', details })
    })
    this.#onDisposed?.()
  }
}

interface Handle {
  readonly file: LogFile
  /** Readers at work on it. */
  users: number
  onIdle?: () => void
}
