import { writeFully } from '../../streams/files.ts'
import type { FileLayer, LogFile, OpenMode } from '../../streams/index.ts'
import type { FileCall } from './faulty-files.ts'

/** One change of a disk, in the order in which a process made it. Files and folders have numbers. */
export type TraceStep =
  | {
      readonly op: 'link'
      readonly folder: number
      readonly name: string
      readonly node: number
      readonly isFolder: boolean
    }
  | { readonly op: 'unlink'; readonly folder: number; readonly name: string }
  | {
      readonly op: 'rename'
      readonly folder: number
      readonly name: string
      readonly toFolder: number
      readonly toName: string
      readonly node: number
    }
  | { readonly op: 'syncFolder'; readonly folder: number }
  | { readonly op: 'write'; readonly file: number; readonly at: number; readonly bytes: Uint8Array }
  | { readonly op: 'truncate'; readonly file: number; readonly length: number }
  | { readonly op: 'syncFile'; readonly file: number }
  | {
      readonly op: 'syncRange'
      readonly file: number
      readonly from: number
      readonly to: number
    }

/** A whole disk: what every folder and file holds. Its parts are never changed, so that disks share them. */
export interface DiskImage {
  readonly folders: ReadonlyMap<number, ReadonlyMap<string, number>>
  readonly files: ReadonlyMap<number, Uint8Array>
}

export const rootFolder = 0
export const emptyDisk: DiskImage = {
  folders: new Map([[rootFolder, new Map()]]),
  files: new Map()
}

/** Files in memory, from an image that stays as it is. Every change of them can be recorded, and each call can be made to fail. */
export class MemoryFiles implements FileLayer {
  /** Hears of every change after it was made. */
  onStep: (step: TraceStep) => void = () => {}
  /** Bytes that all files together may have; a write beyond is short, and the next one fails. */
  capacity = Number.MAX_SAFE_INTEGER
  /** Called before each call; what it throws is what the call fails with. */
  onCall: (call: FileCall, path: string) => void = () => {}
  readonly #folders: Map<number, Map<string, number>>
  readonly #files = new Map<number, MemoryFile>()
  #nextNode = 1

  constructor(image: DiskImage = emptyDisk) {
    this.#folders = new Map([...image.folders].map(([folder, names]) => [folder, new Map(names)]))
    for (const [file, bytes] of image.files) this.#files.set(file, new MemoryFile(bytes))
    for (const node of [...image.folders.keys(), ...image.files.keys()])
      this.#nextNode = Math.max(this.#nextNode, node + 1)
  }

  image(): DiskImage {
    return {
      folders: new Map([...this.#folders].map(([folder, names]) => [folder, new Map(names)])),
      files: new Map([...this.#files].map(([file, { content }]) => [file, content.slice()]))
    }
  }

  /** @returns the content of a file, as it stands */
  content(path: string): Uint8Array {
    return this.#fileAt(path).content
  }

  async open(path: string, mode: OpenMode): Promise<LogFile> {
    this.onCall('open', path)
    const { folder, name } = this.#place(path)
    let node = this.#names(folder, path).get(name)
    if (node === undefined) {
      if (mode !== 'create') throw failed('ENOENT', path)
      node = this.#nextNode++
      this.#files.set(node, new MemoryFile(new Uint8Array(0)))
      this.#link(folder, name, node)
    }
    // A folder is opened only to be synced, which syncFolder does here.
    const file = this.#files.get(node)
    if (file === undefined) throw failed('EISDIR', path)
    if (mode === 'create' && file.content.byteLength > 0) this.#truncate(node, file, 0)
    return this.#handle(path, node, file, mode)
  }

  async rename(from: string, to: string): Promise<void> {
    this.onCall('rename', from)
    const old = this.#place(from)
    const next = this.#place(to)
    const node = this.#names(old.folder, from).get(old.name)
    if (node === undefined) throw failed('ENOENT', from)
    const names = this.#names(next.folder, to)
    const inTheWay = this.#folders.get(names.get(next.name) ?? -1)
    if (inTheWay !== undefined && inTheWay.size > 0) throw failed('ENOTEMPTY', to)
    this.#names(old.folder, from).delete(old.name)
    names.set(next.name, node)
    const { folder, name } = old
    this.onStep({ op: 'rename', folder, name, toFolder: next.folder, toName: next.name, node })
  }

  async unlink(path: string): Promise<void> {
    this.onCall('unlink', path)
    this.#fileAt(path)
    this.#unlink(path)
  }

  async list(path: string): Promise<string[]> {
    this.onCall('list', path)
    return [...this.#names(this.#folderAt(path), path).keys()].sort()
  }

  async makeFolder(path: string): Promise<void> {
    this.onCall('makeFolder', path)
    let folder = rootFolder
    for (const name of path.split('/').slice(1)) {
      let next = this.#names(folder, path).get(name)
      if (next === undefined) {
        next = this.#nextNode++
        this.#folders.set(next, new Map())
        this.#link(folder, name, next)
      }
      folder = next
    }
    this.#names(folder, path)
  }

  async removeFolder(path: string): Promise<void> {
    this.onCall('removeFolder', path)
    if (this.#names(this.#folderAt(path), path).size > 0) throw failed('ENOTEMPTY', path)
    this.#unlink(path)
  }

  async syncFolder(path: string): Promise<void> {
    this.onCall('syncFolder', path)
    const folder = this.#folderAt(path)
    this.onStep({ op: 'syncFolder', folder })
  }

  async freeBytes(path: string): Promise<number> {
    this.onCall('freeBytes', path)
    return this.capacity - this.#usedBytes()
  }

  #usedBytes(): number {
    // A crash can leave a file with two names, and one without any takes no space.
    const named = new Set([...this.#folders.values()].flatMap((names) => [...names.values()]))
    let bytes = 0
    for (const node of named) bytes += this.#files.get(node)?.content.byteLength ?? 0
    return bytes
  }

  /** @returns the front of what is to be written that there is space for, not empty */
  #fitting(bytes: Uint8Array, file: MemoryFile, at: number, path: string): Uint8Array {
    if (this.capacity === Number.MAX_SAFE_INTEGER || bytes.byteLength === 0) return bytes
    const room = file.content.byteLength + this.capacity - this.#usedBytes() - at
    if (room <= 0) throw failed('ENOSPC', path)
    return bytes.subarray(0, room)
  }

  #link(folder: number, name: string, node: number): void {
    this.#names(folder, name).set(name, node)
    this.onStep({ op: 'link', folder, name, node, isFolder: this.#folders.has(node) })
  }

  #unlink(path: string): void {
    const { folder, name } = this.#place(path)
    this.#names(folder, path).delete(name)
    this.onStep({ op: 'unlink', folder, name })
  }

  #truncate(node: number, file: MemoryFile, length: number): void {
    file.resize(length)
    this.onStep({ op: 'truncate', file: node, length })
  }

  #names(folder: number, path: string): Map<string, number> {
    const names = this.#folders.get(folder)
    if (names === undefined) throw failed('ENOTDIR', path)
    return names
  }

  #place(path: string): { readonly folder: number; readonly name: string } {
    const slash = path.lastIndexOf('/')
    return { folder: this.#folderAt(path.slice(0, slash)), name: path.slice(slash + 1) }
  }

  #folderAt(path: string): number {
    let folder = rootFolder
    for (const name of path.split('/').slice(1)) {
      if (name === '') continue
      const next = this.#names(folder, path).get(name)
      if (next === undefined) throw failed('ENOENT', path)
      folder = next
    }
    return folder
  }

  #fileAt(path: string): MemoryFile {
    const { folder, name } = this.#place(path)
    const node = this.#names(folder, path).get(name)
    if (node === undefined) throw failed('ENOENT', path)
    const file = this.#files.get(node)
    if (file === undefined) throw failed('EISDIR', path)
    return file
  }

  #handle(path: string, node: number, file: MemoryFile, mode: OpenMode): LogFile {
    let isOpen = true
    const check = (call: FileCall) => {
      if (!isOpen) throw failed('EBADF', path)
      if (mode === 'read' && (call === 'write' || call === 'truncate')) throw failed('EBADF', path)
      this.onCall(call, path)
    }
    const sync = async (call: 'sync' | 'syncData') => {
      check(call)
      this.onStep({ op: 'syncFile', file: node })
    }
    const handle: LogFile = {
      path,
      read: async (into, position) => {
        check('read')
        const part = file.content.subarray(position, position + into.byteLength)
        into.set(part)
        return part.byteLength
      },
      write: async (parts, position) => {
        check('write')
        const bytes = this.#fitting(Buffer.concat(parts), file, position, path)
        file.write(bytes, position)
        this.onStep({ op: 'write', file: node, at: position, bytes })
        return bytes.byteLength
      },
      syncData: () => sync('syncData'),
      // Counted as the two calls that it stands for; only what it wrote becomes durable.
      writeDurably: async (bytes, position) => {
        await writeFully(handle, bytes, position)
        check('syncData')
        this.onStep({
          op: 'syncRange',
          file: node,
          from: position,
          to: position + bytes.byteLength
        })
      },
      sync: () => sync('sync'),
      truncate: async (length) => {
        check('truncate')
        this.#truncate(node, file, length)
      },
      size: async () => {
        check('size')
        return file.content.byteLength
      },
      close: async () => {
        check('close')
        isOpen = false
      }
    }
    return handle
  }
}

/** Bytes that belong to an image until they are changed. */
class MemoryFile {
  content: Uint8Array
  #isOwn = false

  constructor(content: Uint8Array) {
    this.content = content
  }

  write(bytes: Uint8Array, at: number): void {
    this.resize(Math.max(this.content.byteLength, at + bytes.byteLength))
    this.content.set(bytes, at)
  }

  resize(length: number): void {
    if (this.#isOwn && this.content.byteLength === length) return
    const next = new Uint8Array(length)
    next.set(this.content.subarray(0, length))
    this.content = next
    this.#isOwn = true
  }
}

function failed(errno: string, path: string): Error {
  return Object.assign(new Error(`${errno}: ${path}`), { code: errno })
}

export interface ImageFile {
  readonly path: string
  readonly node: number
  readonly bytes: Uint8Array
}

/** @returns the files of an image, by path */
export function filesOf({ folders, files }: DiskImage): ImageFile[] {
  const within = (folder: number, path: string): ImageFile[] =>
    [...(folders.get(folder) ?? [])].flatMap(([name, node]) => {
      const bytes = files.get(node)
      const at = `${path}/${name}`
      return bytes === undefined ? within(node, at) : [{ path: at, node, bytes }]
    })
  return within(rootFolder, '')
}

/** @returns an image that lacks the files and folders whose path does not lead to `path` and is not in it */
export function imageOf({ folders, files }: DiskImage, path: string): DiskImage {
  const found = new Map<number, ReadonlyMap<string, number>>()
  const visit = (folder: number, at: string) => {
    const names = [...(folders.get(folder) ?? [])].filter(([name]) => {
      const one = `${at}/${name}`
      return `${path}/`.startsWith(`${one}/`) || one.startsWith(`${path}/`)
    })
    found.set(folder, new Map(names))
    for (const [name, node] of names) if (folders.has(node)) visit(node, `${at}/${name}`)
  }
  visit(rootFolder, '')
  return { folders: found, files }
}
