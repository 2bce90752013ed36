import { writeFully } from '../../streams/files.ts'
import type { FileLayer, LogFile, OpenMode } from '../../streams/index.ts'

export type FileCall =
  | 'open'
  | 'rename'
  | 'unlink'
  | 'list'
  | 'makeFolder'
  | 'removeFolder'
  | 'syncFolder'
  | 'freeBytes'
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
 * durable by a sync of the file, names by a sync of their folder; `crash` decides about the rest.
 * A sync that fails leaves its bytes readable but counts them as clean, as Linux does: no later
 * sync brings them to the disk.
 */
export class FaultyFiles implements FileLayer {
  /** Decides about each call before it happens; `index` counts all calls from 0. */
  onCall: (call: FileCall, path: string, index: number) => Fault | undefined = () => undefined
  /** Longest single write; longer ones are short. */
  writeBytesMax = Number.POSITIVE_INFINITY
  /** A failed sync is told to every handle that was open at the time, or only to the one that synced. */
  tellsEveryHandle = true
  calls = 0
  #root = new Folder()
  #life = 0

  /**
   * Ends all handles, as a crash does.
   *
   * @param keep how much of the unsynced bytes of a file survives, from the front; 1 when only the
   *             process ends: then the page cache stays as it is
   * @param keepNames whether a folder's entries stay as they are, or as they were at its last sync
   */
  crash(keep: (path: string) => number, keepNames: (folder: string) => boolean = () => true): void {
    this.#life++
    const settle = (folder: Folder, path: string) => {
      if (!keepNames(path)) folder.entries = new Map(folder.durable)
      for (const [name, node] of folder.entries) {
        if (node instanceof Folder) settle(node, `${path}/${name}`)
        else node.settle(keep(`${path}/${name}`))
      }
    }
    settle(this.#root, '')
  }

  /** @returns a file's content, to be looked at or damaged by a test */
  content(path: string): Uint8Array {
    return this.#file(path).bytes
  }

  replace(path: string, bytes: Uint8Array): void {
    const { folder, name } = this.#parent(path)
    folder.entries.set(name, new Inode(bytes))
    folder.durable = new Map(folder.entries)
  }

  paths(): string[] {
    const within = (folder: Folder, path: string): string[] =>
      [...folder.entries].flatMap(([name, node]) =>
        node instanceof Folder ? within(node, `${path}/${name}`) : [`${path}/${name}`]
      )
    return within(this.#root, '').sort()
  }

  clone(): FaultyFiles {
    const copy = new FaultyFiles()
    copy.#root = this.#root.clone()
    return copy
  }

  async open(path: string, mode: OpenMode): Promise<LogFile> {
    this.#check('open', path)
    const { folder, name } = this.#parent(path)
    if (mode === 'create' && !folder.entries.has(name)) folder.entries.set(name, new Inode())
    const node = folder.entries.get(name)
    if (node === undefined) throw failed('ENOENT', path)
    if (node instanceof Folder) return this.#handle(path, new Inode(), mode)
    if (mode === 'create') node.truncate(0)
    return this.#handle(path, node, mode)
  }

  async rename(from: string, to: string): Promise<void> {
    this.#check('rename', from)
    const old = this.#parent(from)
    const next = this.#parent(to)
    const node = old.folder.entries.get(old.name)
    if (node === undefined) throw failed('ENOENT', from)
    const inTheWay = next.folder.entries.get(next.name)
    if (inTheWay instanceof Folder && inTheWay.entries.size > 0) throw failed('ENOTEMPTY', to)
    old.folder.entries.delete(old.name)
    next.folder.entries.set(next.name, node)
  }

  async unlink(path: string): Promise<void> {
    this.#check('unlink', path)
    this.#file(path)
    const { folder, name } = this.#parent(path)
    folder.entries.delete(name)
  }

  async list(folder: string): Promise<string[]> {
    this.#check('list', folder)
    return [...this.#folder(folder).entries.keys()].sort()
  }

  async makeFolder(path: string): Promise<void> {
    this.#check('makeFolder', path)
    let at = this.#root
    for (const name of path.split('/').slice(1)) {
      const next = at.entries.get(name) ?? new Folder()
      if (!(next instanceof Folder)) throw failed('ENOTDIR', path)
      at.entries.set(name, next)
      at = next
    }
  }

  async removeFolder(path: string): Promise<void> {
    this.#check('removeFolder', path)
    if (this.#folder(path).entries.size > 0) throw failed('ENOTEMPTY', path)
    const { folder, name } = this.#parent(path)
    folder.entries.delete(name)
  }

  async syncFolder(path: string): Promise<void> {
    this.#check('syncFolder', path)
    const folder = this.#folder(path)
    folder.durable = new Map(folder.entries)
  }

  async freeBytes(path: string): Promise<number> {
    this.#check('freeBytes', path)
    return Number.MAX_SAFE_INTEGER
  }

  #node(path: string): Folder | Inode {
    let at: Folder | Inode = this.#root
    for (const name of path.split('/').slice(1)) {
      const next: Folder | Inode | undefined =
        name === '' ? at : at instanceof Folder ? at.entries.get(name) : undefined
      if (next === undefined) throw failed('ENOENT', path)
      at = next
    }
    return at
  }

  #folder(path: string): Folder {
    const node = this.#node(path)
    if (node instanceof Folder) return node
    throw failed('ENOTDIR', path)
  }

  #file(path: string): Inode {
    const node = this.#node(path)
    if (node instanceof Folder) throw failed('EISDIR', path)
    return node
  }

  #parent(path: string): { readonly folder: Folder; readonly name: string } {
    const slash = path.lastIndexOf('/')
    return { folder: this.#folder(path.slice(0, slash)), name: path.slice(slash + 1) }
  }

  #check(call: FileCall, path: string): Fault | undefined {
    const fault = this.onCall(call, path, this.calls++)
    if (fault && fault.partialBytes === undefined) throw failed(fault.errno, path)
    return fault
  }

  #handle(path: string, inode: Inode, mode: OpenMode): LogFile {
    const life = this.#life
    let isOpen = true
    let failuresSeen = inode.failures
    const check = (call: FileCall) => {
      // After a crash nothing that the old process does reaches the files.
      if (life !== this.#life || !isOpen) throw failed('EBADF', path)
      if (mode === 'read' && (call === 'write' || call === 'truncate')) throw failed('EBADF', path)
      return this.#check(call, path)
    }
    const sync = (call: 'sync' | 'syncData', settle = () => inode.sync()) => {
      try {
        check(call)
      } catch (error) {
        if (life === this.#life) inode.countAsClean()
        failuresSeen = inode.failures
        throw error
      }
      const isTold = this.tellsEveryHandle && inode.failures > failuresSeen
      failuresSeen = inode.failures
      if (isTold) throw failed('EIO', path)
      settle()
    }
    const handle: LogFile = {
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
      syncData: async () => sync('syncData'),
      // Counted as the two calls that it stands for; only what it wrote becomes durable.
      writeDurably: async (bytes, position) => {
        await writeFully(handle, bytes, position)
        sync('syncData', () => inode.syncRange(position, position + bytes.byteLength))
      },
      sync: async () => sync('sync'),
      truncate: async (bytes) => {
        check('truncate')
        inode.truncate(bytes)
      },
      size: async () => {
        check('size')
        return inode.bytes.byteLength
      },
      close: async () => {
        if (life !== this.#life) return
        check('close')
        isOpen = false
      }
    }
    return handle
  }
}

class Folder {
  entries = new Map<string, Folder | Inode>()
  /** The entries at the last sync. */
  durable = new Map<string, Folder | Inode>()

  clone(): Folder {
    const copy = new Folder()
    for (const [name, node] of this.entries) copy.entries.set(name, node.clone())
    copy.durable = new Map(copy.entries)
    return copy
  }
}

class Inode {
  bytes: Uint8Array
  failures = 0
  #durable: Uint8Array
  /** What was written and not synced since. */
  #dirty: { readonly from: number; readonly to: number }[] = []

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.bytes = bytes
    this.#durable = bytes.slice()
  }

  clone(): Inode {
    return new Inode(this.bytes.slice())
  }

  write(part: Uint8Array, position: number): void {
    const end = position + part.byteLength
    this.bytes = resized(this.bytes, Math.max(end, this.bytes.byteLength))
    this.bytes.set(part, position)
    this.#dirty.push({ from: position, to: end })
  }

  truncate(bytes: number): void {
    this.bytes = resized(this.bytes, bytes)
    this.#dirty = this.#dirty
      .map(({ from, to }) => ({ from, to: Math.min(to, bytes) }))
      .filter(({ from, to }) => from < to)
  }

  sync(): void {
    this.#durable = this.#withDirty(resized(this.#durable, this.bytes.byteLength), Infinity)
    this.#dirty = []
  }

  syncRange(from: number, to: number): void {
    this.#durable = resized(this.#durable, Math.max(to, this.#durable.byteLength))
    this.#durable.set(this.bytes.subarray(from, to), from)
    this.#dirty = this.#dirty
      .flatMap((dirty) => [
        { from: dirty.from, to: Math.min(dirty.to, from) },
        { from: Math.max(dirty.from, to), to: dirty.to }
      ])
      .filter((dirty) => dirty.from < dirty.to)
  }

  countAsClean(): void {
    this.failures++
    this.#dirty = []
  }

  /** Keeps a share of the unsynced bytes, from the front; all of them when only the process ended. */
  settle(share: number): void {
    if (share >= 1) return
    const total = this.#dirty.reduce((sum, { from, to }) => sum + to - from, 0)
    this.bytes = this.#withDirty(this.#durable, Math.floor(total * share))
    this.#durable = this.bytes.slice()
    this.#dirty = []
  }

  #withDirty(base: Uint8Array, budget: number): Uint8Array {
    let result: Uint8Array = base.slice()
    let left = budget
    for (const { from, to } of this.#dirty.toSorted((a, b) => a.from - b.from)) {
      const end = Math.min(to, from + left)
      if (end <= from) break
      result = resized(result, Math.max(result.byteLength, end))
      result.set(this.bytes.subarray(from, end), from)
      left -= end - from
    }
    return result
  }
}

function resized(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.byteLength === length) return bytes
  const result = new Uint8Array(length)
  result.set(bytes.subarray(0, length))
  return result
}

function failed(errno: string, path: string): Error {
  return Object.assign(new Error(`${errno}: ${path}`), { code: errno })
}
