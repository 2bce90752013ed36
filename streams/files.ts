import fs from 'node:fs'

/**
 * The few file operations that a log needs, so that tests can put faults between the log and the
 * disk. Failures are those of node:fs: errors with a `code` such as ENOSPC or EIO.
 */
export interface FileLayer {
  /** `read`: read only; `write`: read and write an existing file; `create`: a new or emptied file. */
  open(path: string, mode: OpenMode): Promise<LogFile>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** @returns the names in a folder, sorted; rejects with ENOENT when there is no such folder */
  list(folder: string): Promise<string[]>
  /** Makes a folder and the ones above it. */
  makeFolder(path: string): Promise<void>
  /** Removes an empty folder. */
  removeFolder(path: string): Promise<void>
  /** Makes creations, renames and removals in a folder durable. */
  syncFolder(path: string): Promise<void>
  /** @returns the bytes that an ordinary user may still write to the disk that holds a path */
  freeBytes(path: string): Promise<number>
}

export type OpenMode = 'read' | 'write' | 'create'

export interface LogFile {
  readonly path: string
  /** @returns the number of bytes read, 0 at the end of the file */
  read(into: Uint8Array, position: number): Promise<number>
  /** @returns the number of bytes written, which may be fewer than given */
  write(parts: readonly Uint8Array[], position: number): Promise<number>
  /** Makes the data and the size durable (`fdatasync`). */
  syncData(): Promise<void>
  /** Writes all of the bytes and makes them durable. After a failure neither is known, of these bytes or others. */
  writeDurably(bytes: Uint8Array, position: number): Promise<void>
  sync(): Promise<void>
  truncate(bytes: number): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

/** The real files. Callbacks of node:fs take about three quarters of the time of its promises. */
export const nodeFiles: FileLayer = {
  open: (path, mode) => openNodeFile(path, openFlags[mode]),
  rename: (from, to) => settle((done) => fs.rename(from, to, done)),
  unlink: (path) => settle((done) => fs.unlink(path, done)),
  list: (folder) =>
    new Promise((resolve, reject) => {
      fs.readdir(folder, (error, names) => (error ? reject(error) : resolve(names.sort())))
    }),
  makeFolder: (path) =>
    settle((done) => fs.mkdir(path, { recursive: true }, (error) => done(error))),
  removeFolder: (path) => settle((done) => fs.rmdir(path, done)),
  syncFolder: async (path) => {
    const folder = await nodeFiles.open(path, 'read')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  },
  freeBytes: (path) =>
    new Promise((resolve, reject) => {
      fs.statfs(path, (error, stats) =>
        error ? reject(error) : resolve(stats.bavail * stats.bsize)
      )
    })
}

const openFlags = { read: 'r', write: 'r+', create: 'w+' } as const satisfies Record<
  OpenMode,
  string
>

/**
 * Linux writes and syncs in one call through a handle that was opened for it, which saves a small write one of its two
 * ways to another thread and back. The fdatasync of macOS does more than its O_DSYNC.
 */
const durableFlags =
  process.platform === 'linux' ? fs.constants.O_WRONLY | fs.constants.O_DSYNC : undefined

class NodeFile implements LogFile {
  readonly path: string
  readonly #fd: number
  #durable: NodeFile | undefined

  constructor(path: string, fd: number) {
    this.path = path
    this.#fd = fd
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#fd, into, 0, into.byteLength, position, (error, bytes) =>
        error ? reject(error) : resolve(bytes)
      )
    })
  }

  write(parts: readonly Uint8Array[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | null, bytes: number) => (error ? reject(error) : resolve(bytes))
      const [only] = parts
      if (parts.length === 1 && only) fs.write(this.#fd, only, 0, only.byteLength, position, done)
      else fs.writev(this.#fd, parts, position, done)
    })
  }

  syncData(): Promise<void> {
    return settle((done) => fs.fdatasync(this.#fd, done))
  }

  async writeDurably(bytes: Uint8Array, position: number): Promise<void> {
    this.#durable ??= await this.#openDurable()
    if (this.#durable === undefined) await writeAndSync(this, bytes, position)
    else await writeFully(this.#durable, bytes, position)
  }

  /** @returns a second handle of the same file, whatever its name is by now; undefined when there cannot be one */
  async #openDurable(): Promise<NodeFile | undefined> {
    if (durableFlags === undefined) return undefined
    return openNodeFile(`/proc/self/fd/${this.#fd}`, durableFlags).catch(() => undefined)
  }

  sync(): Promise<void> {
    return settle((done) => fs.fsync(this.#fd, done))
  }

  truncate(bytes: number): Promise<void> {
    return settle((done) => fs.ftruncate(this.#fd, bytes, done))
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.fstat(this.#fd, (error, stats) => (error ? reject(error) : resolve(stats.size)))
    })
  }

  async close(): Promise<void> {
    const durable = this.#durable
    this.#durable = undefined
    await settle((done) => fs.close(this.#fd, done)).finally(() => durable?.close())
  }
}

function openNodeFile(path: string, flags: string | number): Promise<NodeFile> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags, 0o644, (error, fd) =>
      error ? reject(error) : resolve(new NodeFile(path, fd))
    )
  })
}

/** Reads until `into` is full or the file ends. @returns the number of bytes read */
export async function readFully(
  file: LogFile,
  into: Uint8Array,
  position: number
): Promise<number> {
  let done = 0
  while (done < into.byteLength) {
    const bytes = await file.read(into.subarray(done), position + done)
    if (bytes === 0) break
    done += bytes
  }
  return done
}

/** Writes all of `bytes`, going on after short writes. */
export async function writeFully(
  file: LogFile,
  bytes: Uint8Array,
  position: number
): Promise<void> {
  let done = 0
  while (done < bytes.byteLength) {
    const written = await file.write([bytes.subarray(done)], position + done)
    // A write that makes no progress and names no error would loop for ever.
    if (written === 0) throw Object.assign(new Error('no byte could be written'), { code: 'EIO' })
    done += written
  }
}

/** `writeDurably` in two steps, for a system or a file that has no single one. */
export async function writeAndSync(
  file: LogFile,
  bytes: Uint8Array,
  position: number
): Promise<void> {
  await writeFully(file, bytes, position)
  await file.syncData()
}

/** Replaces a small file so that after a crash either the old or the new content is found. */
export async function replaceFile(
  files: FileLayer,
  folder: string,
  name: string,
  content: Uint8Array
): Promise<void> {
  const temporary = `${folder}/${name}.tmp`
  const file = await files.open(temporary, 'create')
  try {
    await writeFully(file, content, 0)
    await file.sync()
  } finally {
    await file.close()
  }
  await files.rename(temporary, `${folder}/${name}`)
  await files.syncFolder(folder)
}

/** @returns the whole content, or undefined when there is no such file */
export async function readWholeFile(
  files: FileLayer,
  path: string
): Promise<Uint8Array | undefined> {
  const file = await files.open(path, 'read').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  })
  if (file === undefined) return undefined
  try {
    const content = Buffer.allocUnsafeSlow(await file.size())
    return content.subarray(0, await readFully(file, content, 0))
  } finally {
    await file.close()
  }
}

/** Whether a failure says that the disk, or what a user may have of it, is used up. */
export function isDiskFull(error: unknown): boolean {
  const errno = errnoOf(error)
  return errno === 'ENOSPC' || errno === 'EDQUOT'
}

/** @returns the system's name of a failure, such as ENOSPC */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

function settle(start: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error ? reject(error) : resolve()))
  })
}
