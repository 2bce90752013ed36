import { type DiskImage, emptyDisk, type TraceStep } from './memory-files.ts'
import type { Random } from './random.ts'

/** What a crash makes of the changes that were not synced. */
export const crashVariants = [
  'kept',
  'lost',
  'content lost',
  'names lost',
  'torn',
  'torn front',
  'last write only',
  'sizes without content',
  'reordered',
  'reordered, names in part'
] as const

export type CrashVariant = (typeof crashVariants)[number]

/** What a disk loses no sooner than a file system promises: the unit that is written as a whole. */
const sectorBytes = 512

type FileChange = Extract<TraceStep, { op: 'write' | 'truncate' }>

/** A change of names within one folder, which happens as a whole. */
interface NameChange {
  readonly remove?: string
  readonly set?: { readonly name: string; readonly node: number }
}

/**
 * Follows a trace and knows at each step what is durable and what only the page cache holds. A sync of a
 * file makes its content durable, a sync of a folder its names; a rename between two folders changes each for itself.
 */
export class CrashingDisk {
  readonly #files = new Map<number, { durable: Uint8Array; pending: FileChange[] }>()
  readonly #folders = new Map<number, { durable: Map<string, number>; pending: NameChange[] }>()

  constructor(image: DiskImage = emptyDisk) {
    for (const [folder, names] of image.folders)
      this.#folders.set(folder, { durable: new Map(names), pending: [] })
    for (const [file, durable] of image.files) this.#files.set(file, { durable, pending: [] })
  }

  take(step: TraceStep): void {
    switch (step.op) {
      case 'write':
      case 'truncate':
        this.#file(step.file).pending.push(step)
        break
      case 'syncFile': {
        const file = this.#file(step.file)
        if (file.pending.length > 0) file.durable = applied(file.durable, file.pending)
        file.pending = []
        break
      }
      case 'syncRange': {
        const file = this.#file(step.file)
        // The size goes with the data, and with it every change of the size before.
        const changesSize = file.pending.some((change) => change.op === 'truncate')
        const range = changesSize ? { from: 0, to: Number.POSITIVE_INFINITY } : step
        const parts = file.pending.flatMap((change) => splitAt(change, range))
        const inside = parts.filter((part) => isWithin(part, range))
        file.durable = applied(file.durable, inside)
        file.pending = parts.filter((part) => !isWithin(part, range))
        break
      }
      case 'link':
        if (step.isFolder) this.#folder(step.node)
        this.#folder(step.folder).pending.push({ set: { name: step.name, node: step.node } })
        break
      case 'unlink':
        this.#folder(step.folder).pending.push({ remove: step.name })
        break
      case 'rename': {
        const set = { name: step.toName, node: step.node }
        if (step.folder === step.toFolder) {
          this.#folder(step.folder).pending.push({ remove: step.name, set })
        } else {
          this.#folder(step.folder).pending.push({ remove: step.name })
          this.#folder(step.toFolder).pending.push({ set })
        }
        break
      }
      case 'syncFolder': {
        const folder = this.#folder(step.folder)
        folder.durable = named(folder.durable, folder.pending)
        folder.pending = []
        break
      }
    }
  }

  /** @returns the disk that is found after a crash here */
  image(variant: CrashVariant, random: Random): DiskImage {
    const folders = new Map<number, ReadonlyMap<string, number>>()
    for (const [folder, { durable, pending }] of this.#folders)
      folders.set(folder, named(durable, keptNames(pending, variant, random)))
    const files = new Map<number, Uint8Array>()
    // Node numbers say what is a file: one without content was made and lost its bytes.
    for (const [file, { durable, pending }] of this.#files)
      files.set(file, pending.length === 0 ? durable : contentOf(durable, pending, variant, random))
    return reachable(folders, files)
  }

  #file(file: number) {
    let found = this.#files.get(file)
    if (found === undefined) {
      found = { durable: new Uint8Array(0), pending: [] }
      this.#files.set(file, found)
    }
    return found
  }

  #folder(folder: number) {
    let found = this.#folders.get(folder)
    if (found === undefined) {
      found = { durable: new Map(), pending: [] }
      this.#folders.set(folder, found)
    }
    return found
  }
}

function keptNames(
  pending: readonly NameChange[],
  variant: CrashVariant,
  random: Random
): readonly NameChange[] {
  if (variant === 'lost' || variant === 'names lost') return []
  // A journal keeps the order of names; nothing promises that there is one.
  if (variant === 'reordered, names in part') return pending.filter(() => random.chance(0.5))
  return pending
}

function contentOf(
  durable: Uint8Array,
  pending: readonly FileChange[],
  variant: CrashVariant,
  random: Random
): Uint8Array {
  switch (variant) {
    case 'kept':
    case 'names lost':
      return applied(durable, pending)
    case 'lost':
    case 'content lost':
      return durable
    case 'torn':
      return applied(durable, torn(pending, random, false))
    case 'torn front':
      return applied(durable, torn(pending, random, true))
    case 'last write only':
      return applied(durable, pending.slice(-1))
    case 'sizes without content': {
      const length = applied(durable, pending).byteLength
      return resized(durable, length)
    }
    case 'reordered':
    case 'reordered, names in part':
      return applied(durable, sectors(pending, random))
  }
}

/** The last change is cut at the end of a sector: its front stays, or all but its front. */
function torn(pending: readonly FileChange[], random: Random, losesFront: boolean): FileChange[] {
  const last = pending.at(-1)
  const before = pending.slice(0, -1)
  if (last === undefined || last.op === 'truncate') return before
  const pieces = sectorsOf(last)
  const cut = random.below(pieces.length + (losesFront ? 1 : 0))
  return [...before, ...(losesFront ? pieces.slice(cut) : pieces.slice(0, cut))]
}

/** Any sectors of the pending writes, whichever was written first. */
function sectors(pending: readonly FileChange[], random: Random): FileChange[] {
  const chance = random.pick([0.2, 0.5, 0.8])
  return pending
    .flatMap((change) => (change.op === 'truncate' ? [change] : sectorsOf(change)))
    .filter(() => random.chance(chance))
}

function sectorsOf(change: Extract<FileChange, { op: 'write' }>): FileChange[] {
  const { op, file, bytes } = change
  const pieces: FileChange[] = []
  for (let at = change.at; at < change.at + bytes.byteLength; ) {
    const end = Math.min(
      (Math.floor(at / sectorBytes) + 1) * sectorBytes,
      change.at + bytes.byteLength
    )
    pieces.push({ op, file, at, bytes: bytes.subarray(at - change.at, end - change.at) })
    at = end
  }
  return pieces
}

interface Range {
  readonly from: number
  readonly to: number
}

/** Cuts a write into what lies before, inside and behind a range. */
function splitAt(change: FileChange, { from, to }: Range): FileChange[] {
  if (change.op === 'truncate') return [change]
  const { at, bytes } = change
  const end = at + bytes.byteLength
  const cuts = [at, from, to, end].map((cut) => Math.min(Math.max(cut, at), end))
  return [0, 1, 2].flatMap((index) => {
    const [start = 0, stop = 0] = cuts.slice(index, index + 2)
    return start < stop
      ? [{ ...change, at: start, bytes: bytes.subarray(start - at, stop - at) }]
      : []
  })
}

function isWithin(change: FileChange, { from, to }: Range): boolean {
  return (
    change.op === 'truncate' || (change.at >= from && change.at + change.bytes.byteLength <= to)
  )
}

function applied(durable: Uint8Array, changes: readonly FileChange[]): Uint8Array {
  if (changes.length === 0) return durable
  let length = durable.byteLength
  let lengthMax = length
  for (const change of changes) {
    length =
      change.op === 'truncate'
        ? change.length
        : Math.max(length, change.at + change.bytes.byteLength)
    lengthMax = Math.max(lengthMax, length)
  }
  const all = new Uint8Array(lengthMax)
  all.set(durable)
  for (const change of changes) {
    // What a truncation cuts reads as zeros when the file grows again.
    if (change.op === 'truncate') all.fill(0, change.length)
    else all.set(change.bytes, change.at)
  }
  return length === lengthMax ? all : all.slice(0, length)
}

function resized(bytes: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length)
  result.set(bytes.subarray(0, length))
  return result
}

function named(durable: Map<string, number>, changes: readonly NameChange[]): Map<string, number> {
  const names = new Map(durable)
  for (const { remove, set } of changes) {
    if (remove !== undefined) names.delete(remove)
    if (set !== undefined) names.set(set.name, set.node)
  }
  return names
}

/** Drops what no name leads to. A folder whose own content was never synced is empty. */
function reachable(
  folders: ReadonlyMap<number, ReadonlyMap<string, number>>,
  files: ReadonlyMap<number, Uint8Array>
): DiskImage {
  const found = new Map<number, ReadonlyMap<string, number>>()
  const kept = new Map<number, Uint8Array>()
  const visit = (folder: number) => {
    const names = folders.get(folder) ?? new Map<string, number>()
    found.set(folder, names)
    for (const node of names.values()) {
      if (folders.has(node)) visit(node)
      else kept.set(node, files.get(node) ?? new Uint8Array(0))
    }
  }
  visit(0)
  return { folders: found, files: kept }
}
