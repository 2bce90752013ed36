import type { FileLayer, LogFile, OpenMode } from '../../streams/index.ts'

export type FileCall =
  | 'open'
  | 'rename'
  | 'unlink'
  | 'list'
  | 'makeFolder'
  | 'removeFolder'
  | 'syncFolder'
  | 'read'
  | 'write'
  | 'syncData'
  | 'sync'
  | 'truncate'
  | 'size'
  | 'close'

/** What to do at a call: throw the system's error of that name, or write only a part first. */
export interface Fault {
  readonly errno: string
  /** Bytes of a write that still reach the file. */
  readonly partialBytes?: number
}

/**
 * Files in memory that tell what is durable from what is only in the page cache. Content becomes
 * durable by a sync of the file, names by a sync of the folder; `crash` decides about the rest.
 */
export class FaultyFiles implements FileLayer {
  /** Decides about each call before it happens; `index` counts all calls from 0. */
  onCall: (call: FileCall, path: string, index: number) => Fault | undefined = () => undefined
  /** Longest single write; longer ones are short. */
  writeBytesMax = Number.POSITIVE_INFINITY
  calls = 0
  #names = new Map<string, Inode>()
  #durableNames = new Map<string, Inode>()
  #folders = new Set<string>()
  #life = 0

  /**
   * Ends all handles, as a crash does. `keep` decides per byte range of unsynced content.
   *
   * @param keep how much of the unsynced bytes of a file survives: 0 to 1 of them, from the front
   */
  crash(keep: (path: string) => number): void {
    this.#life++
    // Names of an unsynced folder survive or not as a journal would have it: here they do.
    for (const [path, inode] of this.#names) inode.settle(keep(path))
  }

  /** Forgets names whose folder was not synced after they changed. */
  loseNames(): void {
    this.#names = new Map(this.#durableNames)
  }

  /** @returns a file's content, to be looked at or damaged by a test */
  content(path: string): Uint8Array {
    const inode = this.#names.get(path)
    if (inode === undefined) throw failed('ENOENT', path)
    return inode.bytes
  }

  replace(path: string, bytes: Uint8Array): void {
    this.#names.set(path, new Inode(bytes))
  }

  paths(): string[] {
    return [...this.#names.keys()].sort()
  }

  clone(): FaultyFiles {
    const copy = new FaultyFiles()
    for (const [path, inode] of this.#names) copy.replace(path, inode.bytes.slice())
    copy.#durableNames = new Map(copy.#names)
    copy.#folders = new Set(this.#folders)
    return copy
  }

  async open(path: string, mode: OpenMode): Promise<LogFile> {
    this.#check('open', path)
    if (mode === 'create' && !this.#names.has(path)) this.#names.set(path, new Inode())
    const inode = this.#names.get(path)
    if (inode === undefined && !this.#folders.has(path)) throw failed('ENOENT', path)
    if (mode === 'create') inode?.truncate(0)
    return this.#handle(path, inode ?? new Inode())
  }

  async rename(from: string, to: string): Promise<void> {
    this.#check('rename', from)
    for (const path of [...this.#names.keys()]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue
      const inode = this.#names.get(path) as Inode
      this.#names.delete(path)
      this.#names.set(to + path.slice(from.length), inode)
    }
    for (const path of [...this.#folders]) {
      if (path !== from && !path.startsWith(`${from}/`)) continue
      this.#folders.delete(path)
      this.#folders.add(to + path.slice(from.length))
    }
  }

  async unlink(path: string): Promise<void> {
    this.#check('unlink', path)
    if (!this.#names.delete(path)) throw failed('ENOENT', path)
  }

  async list(folder: string): Promise<string[]> {
    this.#check('list', folder)
    if (!this.#folders.has(folder)) throw failed('ENOENT', folder)
    const inside = [...this.#names.keys(), ...this.#folders].filter((path) =>
      path.startsWith(`${folder}/`)
    )
    return [
      ...new Set(inside.map((path) => path.slice(folder.length + 1).split('/')[0] ?? ''))
    ].sort()
  }

  async makeFolder(path: string): Promise<void> {
    this.#check('makeFolder', path)
    const parts = path.split('/')
    for (let i = 2; i <= parts.length; i++) this.#folders.add(parts.slice(0, i).join('/'))
  }

  async removeFolder(path: string): Promise<void> {
    this.#check('removeFolder', path)
    if (!this.#folders.delete(path)) throw failed('ENOENT', path)
  }

  async syncFolder(path: string): Promise<void> {
    this.#check('syncFolder', path)
    for (const name of [...this.#durableNames.keys()]) {
      if (name.startsWith(`${path}/`) && !this.#names.has(name)) this.#durableNames.delete(name)
    }
    for (const [name, inode] of this.#names) {
      if (name.startsWith(`${path}/`)) this.#durableNames.set(name, inode)
    }
  }

  #check(call: FileCall, path: string): Fault | undefined {
    const fault = this.onCall(call, path, this.calls++)
    if (fault && fault.partialBytes === undefined) throw failed(fault.errno, path)
    return fault
  }

  #handle(path: string, inode: Inode): LogFile {
    const life = this.#life
    const check = (call: FileCall) => {
      // After a crash nothing that the old process does reaches the files.
      if (life !== this.#life) throw failed('EBADF', path)
      return this.#check(call, path)
    }
    return {
      path,
      read: async (into, position) => {
        check('read')
        const part = inode.bytes.subarray(position, position + into.byteLength)
        into.set(part)
        return part.byteLength
      },
      write: async (parts, position) => {
        const fault = check('write')
        const whole = Buffer.concat(parts)
        const length = Math.min(
          whole.byteLength,
          this.writeBytesMax,
          fault?.partialBytes ?? Infinity
        )
        inode.write(whole.subarray(0, length), position)
        if (fault) throw failed(fault.errno, path)
        return length
      },
      syncData: async () => {
        check('syncData')
        inode.sync()
      },
      sync: async () => {
        check('sync')
        inode.sync()
      },
      truncate: async (bytes) => {
        check('truncate')
        inode.truncate(bytes)
      },
      size: async () => {
        check('size')
        return inode.bytes.byteLength
      },
      close: async () => {
        if (life === this.#life) check('close')
      }
    }
  }
}

class Inode {
  bytes: Uint8Array
  #durable: Uint8Array

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.bytes = bytes
    this.#durable = bytes.slice()
  }

  write(part: Uint8Array, position: number): void {
    const end = position + part.byteLength
    if (end > this.bytes.byteLength) {
      const grown = new Uint8Array(end)
      grown.set(this.bytes)
      this.bytes = grown
    }
    this.bytes.set(part, position)
  }

  truncate(bytes: number): void {
    const cut = new Uint8Array(bytes)
    cut.set(this.bytes.subarray(0, bytes))
    this.bytes = cut
  }

  sync(): void {
    this.#durable = this.bytes.slice()
  }

  /** Keeps a share of the bytes that differ from what is durable, from the front. */
  settle(share: number): void {
    const now = this.bytes
    const old = this.#durable
    const differing: number[] = []
    const length = Math.max(now.byteLength, old.byteLength)
    for (let i = 0; i < length; i++) if (now[i] !== old[i]) differing.push(i)
    const after = share >= 1 ? now.slice() : old.slice(0, length)
    const result = new Uint8Array(share >= 1 ? now.byteLength : Math.max(after.byteLength, 0))
    result.set(after)
    this.bytes = result
    if (share > 0 && share < 1) {
      for (const i of differing.slice(0, Math.floor(differing.length * share))) {
        if (now[i] !== undefined) this.write(Uint8Array.of(now[i] as number), i)
      }
    }
    this.sync()
  }
}

function failed(errno: string, path: string): Error {
  return Object.assign(new Error(`${errno}: ${path}`), { code: errno })
}
